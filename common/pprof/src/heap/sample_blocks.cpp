// See sample_blocks.h.
#include "heap/sample_blocks.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace pprof::internal {
namespace {

constexpr unsigned kSmallestBits = 4;                          // blocks of 16 bytes
constexpr unsigned kLargestRegionBits = 37;                    // 128 GiB for each size
constexpr unsigned kSmallestRegionBits = 30;                   // where addresses are scarce
constexpr std::size_t kMostBlocks = std::size_t{1} << 22U;     // of one size
constexpr std::size_t kMostKept = std::size_t{32} << 20U;      // in free blocks, bytes
constexpr std::size_t kCommitStep = std::size_t{256} << 10U;   // at once, bytes
constexpr std::size_t kSmallestKept = std::size_t{16} << 10U;  // what a smaller one holds is little

struct Region {
  SampledBlock* free = nullptr;
  std::size_t used = 0;              // blocks that were ever taken
  std::size_t committed = 0;         // bytes of the blocks that may be written
  std::size_t committed_blocks = 0;  // and of their descriptions
};

constinit std::array<Region, kLargestRegionBits - kSmallestBits + 1> regions{};
constinit unsigned region_bits = 0;
constinit SampledBlock* descriptions = nullptr;  // kMostBlocks for each region
constinit std::size_t kept = 0;                  // touched bytes of the free blocks

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// What a free block adds to `kept`. Only whole pages can go back.
std::size_t kept_by(const SampledBlock& block) {
  return block.touched >= std::max(kSmallestKept, page_bytes()) ? block.touched : 0;
}

unsigned index_of(std::size_t size, std::size_t alignment) {
  const auto bits = static_cast<unsigned>(std::bit_width(std::max(size, alignment) - 1));
  return std::max(bits, kSmallestBits) - kSmallestBits;
}

std::size_t region_of(const SampledBlock& block) {
  return static_cast<std::size_t>(&block - descriptions) / kMostBlocks;
}

// Makes the first `needed` bytes from `begin` on writable. A step at a time: under strict
// overcommit (vm.overcommit_memory=2) the kernel counts what may be written.
bool commit(std::uintptr_t begin, std::size_t& committed, std::size_t needed) {
  if (needed <= committed) return true;
  const std::size_t wanted = (needed + kCommitStep - 1) / kCommitStep * kCommitStep;
  void* const start = reinterpret_cast<void*>(begin + committed);  // NOLINT(*-no-int-to-ptr)
  if (mprotect(start, wanted - committed, PROT_READ | PROT_WRITE) != 0) return false;
  committed = wanted;
  return true;
}

SampledBlock* new_block(unsigned index) {
  Region& region = regions.at(index);
  const unsigned bits = index + kSmallestBits;
  const std::size_t most = std::min(kMostBlocks, std::size_t{1} << (region_bits - bits));
  if (region.used == most) return nullptr;
  SampledBlock* const first = descriptions + index * kMostBlocks;
  const std::uintptr_t begin = sample_range.begin + (std::uintptr_t{index} << region_bits);
  if (!commit(begin, region.committed, (region.used + 1) << bits) ||
      !commit(reinterpret_cast<std::uintptr_t>(first), region.committed_blocks,
              (region.used + 1) * sizeof(SampledBlock))) {
    return nullptr;
  }
  return first + region.used++;
}

// One region more than there are sizes, to start at a multiple of a region's size. Altogether less
// than 8 TiB: where mlockall() meets a larger range, Linux counts wrong, and refuses memory later.
bool reserve(unsigned bits) {
  const std::size_t sizes = bits - kSmallestBits + 1;
  const std::size_t region = std::size_t{1} << bits;
  const std::size_t described = sizes * kMostBlocks * sizeof(SampledBlock);
  void* const place = mmap(nullptr, (sizes + 1) * region + described, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(place);
  region_bits = bits;
  sample_range.begin = (address + region - 1) & ~(region - 1);
  descriptions = reinterpret_cast<SampledBlock*>(  // NOLINT(performance-no-int-to-ptr)
      sample_range.begin + sizes * region);
  sample_range.bytes = sizes * region;
  return true;
}

}  // namespace

constinit SampleRange sample_range;

const char* reserve_sample_range() noexcept {
  if (sample_range.bytes != 0) return nullptr;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    return "the process's address space is limited (ulimit -v), and sampled blocks need a range of "
           "their own: lift the limit";
  }
  for (unsigned bits = kLargestRegionBits; bits >= kSmallestRegionBits; --bits) {
    if (reserve(bits)) return nullptr;
  }
  return "the kernel has no address range of 28 GiB for sampled blocks";
}

SampledBlock& block_at(const void* address) noexcept {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) - sample_range.begin;
  const std::size_t index = offset >> region_bits;
  const std::size_t in_region = offset & ((std::uintptr_t{1} << region_bits) - 1);
  return descriptions[index * kMostBlocks + (in_region >> (index + kSmallestBits))];
}

void* address_of(const SampledBlock& block) noexcept {
  const auto place = static_cast<std::size_t>(&block - descriptions);
  const std::size_t index = region_of(block);
  return reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr)
      sample_range.begin + (index << region_bits) +
      (place % kMostBlocks << (index + kSmallestBits)));
}

bool has_room_for(const SampledBlock& block, std::size_t size) noexcept {
  return index_of(size, 1) == region_of(block);
}

SampledBlock* take_block(std::size_t size, std::size_t alignment) noexcept {
  if (std::max(size, alignment) > std::size_t{1} << region_bits || sample_range.bytes == 0) {
    return nullptr;
  }
  const unsigned index = index_of(size, alignment);
  SampledBlock* block = regions.at(index).free;
  if (block != nullptr) {
    regions.at(index).free = block->next;
    kept -= kept_by(*block);
  } else {
    block = new_block(index);
    if (block == nullptr) return nullptr;
  }
  block->size = size;
  return block;
}

bool holds_too_much(const SampledBlock& block) noexcept {
  return kept_by(block) > 0 && kept + kept_by(block) > kMostKept;
}

void release_pages(SampledBlock& block) noexcept {
  const std::size_t bytes = (block.touched + page_bytes() - 1) & ~(page_bytes() - 1);
  if (madvise(address_of(block), bytes, MADV_DONTNEED) == 0) block.touched = 0;
}

void give_back(SampledBlock& block) noexcept {
  kept += kept_by(block);
  block.size = kFreeBlock;
  block.next = std::exchange(regions.at(region_of(block)).free, &block);
}

}  // namespace pprof::internal
