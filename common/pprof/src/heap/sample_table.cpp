// See sample_table.h.
#include "heap/sample_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <new>
#include <utility>

namespace pprof::internal {
namespace {

constexpr unsigned kChainBits = 14;
constexpr std::size_t kArenaStep = std::size_t{1} << 20U;

constinit std::array<HeapBucket*, std::size_t{1} << kChainBits> chains{};
constinit HeapBucket* newest = nullptr;
constinit char* arena = nullptr;
constinit std::size_t arena_left = 0;

// Memory of zeros for a bucket and its stack.
char* take_memory(std::size_t bytes) {
  if (bytes > arena_left) {
    void* const more =
        mmap(nullptr, kArenaStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED) return nullptr;
    arena = static_cast<char*>(more);
    arena_left = kArenaStep;
  }
  arena_left -= bytes;
  return std::exchange(arena, arena + bytes);
}

// The middle of a range of sizes around `size`, at most 1.6 % away.
std::size_t size_class_of(std::size_t size) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(size) / 32, 1);
  return size / step * step + step / 2;
}

std::size_t chain_of(std::size_t size_class, std::span<const std::uintptr_t> stack) {
  std::uint64_t hash = size_class;
  for (const std::uintptr_t address : stack) {
    hash = (std::rotl(hash, 5) ^ address) * 0x9E3779B97F4A7C15ULL;
  }
  return hash * 0x9E3779B97F4A7C15ULL >> (64U - kChainBits);
}

}  // namespace

HeapBucket* heap_bucket(std::size_t size, std::size_t mean_bytes,
                        std::span<const std::uintptr_t> stack) noexcept {
  const std::size_t size_class = size_class_of(size);
  HeapBucket*& chain = chains.at(chain_of(size_class, stack));
  for (HeapBucket* bucket = chain; bucket != nullptr; bucket = bucket->next_in_chain) {
    if (bucket->size_class == size_class && bucket->mean_bytes == mean_bytes &&
        std::ranges::equal(bucket->stack, stack)) {
      return bucket;
    }
  }
  char* const memory = take_memory(sizeof(HeapBucket) + stack.size_bytes());
  if (memory == nullptr) return nullptr;
  auto* const addresses = reinterpret_cast<std::uintptr_t*>(memory + sizeof(HeapBucket));
  std::ranges::copy(stack, addresses);
  auto* const bucket = new (memory) HeapBucket{};
  bucket->size_class = size_class;
  bucket->mean_bytes = mean_bytes;
  bucket->stack = {addresses, stack.size()};
  bucket->next_in_chain = std::exchange(chain, bucket);
  bucket->older = std::exchange(newest, bucket);
  return bucket;
}

HeapBucket* newest_heap_bucket() noexcept { return newest; }

Sample estimate(const HeapBucket& bucket, const HeapCounts& counts) {
  const double scale = bucket.mean_bytes == 1
                           ? 1
                           : -1 / std::expm1(-static_cast<double>(bucket.size_class) /
                                             static_cast<double>(bucket.mean_bytes));
  const auto scaled = [scale](std::uint64_t value) {
    return std::llround(static_cast<double>(value) * scale);
  };
  return {{bucket.stack.begin(), bucket.stack.end()},
          {scaled(counts.objects), scaled(counts.bytes), scaled(counts.live_objects),
           scaled(counts.live_bytes)},
          {}};
}

}  // namespace pprof::internal
