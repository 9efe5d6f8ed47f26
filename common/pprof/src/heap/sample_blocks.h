// Memory for sampled allocations, in an address range of its own: an address alone tells that a
// block was sampled. Called by sampler.cpp; front.cpp asks is_sampled() at every free.
// Thread-safety: is_sampled() and block_at() on any thread; the caller locks for the rest.
//
// The range has one region for each power of two; a region is cut into blocks of that size, so
// every alignment up to the size comes by itself. Pages that nobody touched cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprof::internal {

struct HeapBucket;

inline constexpr std::size_t kFreeBlock = ~std::size_t{0};

struct SampledBlock {
  HeapBucket* bucket;   // of its stack and size
  std::size_t size;     // as the program asked; kFreeBlock: not in use
  std::size_t touched;  // bytes from its start that earlier uses may have left other than 0
  SampledBlock* next;   // of the free ones
};

struct SampleRange {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
};
[[gnu::visibility("hidden")]] extern constinit SampleRange sample_range;

inline bool is_sampled(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) - sample_range.begin < sample_range.bytes;
}

// Reserves the range; idempotent. nullptr, or why there is none: a static text. Allocates nothing.
const char* reserve_sample_range() noexcept;

// The block that starts at `address`, which is_sampled().
SampledBlock& block_at(const void* address) noexcept;
void* address_of(const SampledBlock& block) noexcept;

// Whether a block of `size` bytes would have come from this one's region.
bool has_room_for(const SampledBlock& block, std::size_t size) noexcept;

// A free block with `size` set; its memory holds whatever was in it. nullptr: there is no room.
// `alignment` is a power of two.
SampledBlock* take_block(std::size_t size, std::size_t alignment) noexcept;

// Whether the pages of a block that is given back now are to go back to the kernel first, by
// release_pages(), which needs no lock: freed blocks hold a bounded amount of memory.
bool holds_too_much(const SampledBlock& block) noexcept;
void release_pages(SampledBlock& block) noexcept;
void give_back(SampledBlock& block) noexcept;

}  // namespace pprof::internal
