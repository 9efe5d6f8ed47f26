// See sampler.h.
#include "heap/sampler.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "fork_mutex.h"
#include "heap/poisson.h"
#include "heap/sample_table.h"
#include "stacks/objects.h"
#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

constexpr std::size_t kLongestCount = std::size_t{16} << 20U;  // then a new distance is looked for

constexpr std::size_t kMostBytes = std::size_t{1} << 47U;  // no allocator can have more to give

constinit std::atomic<std::size_t> mean_bytes{0};
constinit std::atomic<std::uint64_t> lost{0};
constinit ForkMutex mutex;  // of the blocks and the table; no other lock is taken under it
// Of the distribution that this thread's count was drawn from. 0: it does not end in a sample.
[[gnu::tls_model("initial-exec")]] constinit thread_local std::size_t mean_of_count = 0;

// Starts the next count. The mean of the one that `size` bytes used up, or 0: no sample. A count
// that was none, or cut short, tells nothing of the bytes behind its end: there another begins.
std::size_t next_count(std::size_t size, std::size_t mean) {
  const auto draw = [mean] {  // 1: every allocation
    return mean == 1 ? 0 : static_cast<std::size_t>(next_sample_distance(mean));
  };
  const std::size_t before = std::exchange(mean_of_count, mean);
  const std::size_t behind_end = std::min(size, 0 - bytes_until_sample);
  std::size_t distance = draw();
  const bool sampled = before != 0 || distance < behind_end;
  if (before == 0) distance = sampled ? draw() : distance - behind_end;
  if (distance > kLongestCount) {
    distance = kLongestCount;
    mean_of_count = 0;
  }
  bytes_until_sample = distance;
  if (!sampled) return 0;
  return before != 0 ? before : mean;
}

void count(HeapBucket& bucket, SampledBlock& block) {
  ++bucket.counts.objects;
  bucket.counts.bytes += block.size;
  ++bucket.counts.live_objects;
  bucket.counts.live_bytes += block.size;
  block.bucket = &bucket;
}

// The block's use ends; its memory stays as it is.
void uncount(SampledBlock& block) {
  if (block.bucket != nullptr) {
    --block.bucket->counts.live_objects;
    block.bucket->counts.live_bytes -= block.size;
  }
  block.touched = std::max(block.touched, block.size);
}

// In a plugin, to touch a thread-local variable of the walk's for the first time may allocate.
std::size_t stack_of(const void* caller, const Registers& here,
                     std::span<std::uintptr_t, kMaxStackDepth> stack) {
  const NotSampled guard;
  return capture_own_stack(stack.data(), stack.size(), caller, here);
}

// Puts a sample into the table, in a new block or in `reused`.
SampledBlock* place_sample(std::size_t size, std::size_t alignment, std::size_t mean,
                           std::span<const std::uintptr_t> stack, SampledBlock* reused) {
  const std::lock_guard lock(mutex);
  HeapBucket* const bucket = heap_bucket(size, mean, stack);
  if (bucket == nullptr) return nullptr;
  SampledBlock* block = reused;
  if (reused != nullptr && has_room_for(*reused, size)) {
    uncount(*reused);
    reused->size = size;
  } else {
    block = take_block(size, alignment);
  }
  if (block != nullptr) count(*bucket, *block);
  return block;
}

[[noreturn]] void end_because_of(const char* fault) {
  static_cast<void>(write(STDERR_FILENO, fault, std::strlen(fault)));
  std::abort();
}

}  // namespace

[[gnu::tls_model("initial-exec")]] constinit thread_local std::size_t bytes_until_sample = 0;

void hold_sampler_over_fork() noexcept {
  hold_objects_over_fork();
  hold_over_fork<mutex>();
}

void set_sample_distance(std::size_t bytes) noexcept {
  mean_bytes = bytes;
  mean_of_count = 0;
  bytes_until_sample = 0;
}

std::size_t sample_distance() noexcept { return mean_bytes; }

void* sample_block(std::size_t size, std::size_t alignment, const void* caller, void* reused,
                   const Registers& here) noexcept {
  const std::size_t next_mean = mean_bytes.load(std::memory_order_relaxed);
  if (next_mean == 0 || NotSampled::is_true()) {
    mean_of_count = 0;
    bytes_until_sample = next_mean == 0 ? kLongestCount : 0;
    return nullptr;
  }
  const std::size_t mean = next_count(size, next_mean);
  if (mean == 0 || size > kMostBytes) return nullptr;
  std::array<std::uintptr_t, kMaxStackDepth> stack;  // NOLINT(*-member-init): filled below
  const std::size_t depth = stack_of(caller, here, stack);
  SampledBlock* const block = place_sample(size, alignment, mean, {stack.data(), depth},
                                           reused != nullptr ? &block_at(reused) : nullptr);
  if (block != nullptr) return address_of(*block);
  ++lost;
  return nullptr;
}

void* unsampled_block(std::size_t size) noexcept {
  const std::lock_guard lock(mutex);
  SampledBlock* const block = take_block(size, 1);
  if (block == nullptr) return nullptr;
  block->bucket = nullptr;
  return address_of(*block);
}

void clear_sampled(void* block) noexcept {
  const SampledBlock& about = block_at(block);
  std::memset(block, 0, std::min(about.size, about.touched));
}

std::size_t sampled_size(const void* block) noexcept { return block_at(block).size; }

void free_sampled(void* address) noexcept {
  const int error = errno;
  SampledBlock& block = block_at(address);
  bool release = false;
  {
    const std::lock_guard lock(mutex);
    if (block.size == kFreeBlock || address_of(block) != address) {
      end_because_of("pprof: free() of an address that is not that of a block in use\n");
    }
    uncount(block);
    block.size = kFreeBlock;
    release = holds_too_much(block);
    if (!release) give_back(block);
  }
  if (release) {
    release_pages(block);
    const std::lock_guard lock(mutex);
    give_back(block);
  }
  errno = error;
}

std::vector<Sample> heap_samples() {
  std::vector<Sample> samples;
  const HeapBucket* bucket = nullptr;
  {
    const std::lock_guard lock(mutex);
    bucket = newest_heap_bucket();
  }
  for (; bucket != nullptr; bucket = bucket->older) {
    HeapCounts counts;
    {
      // Not around push_back(): the allocator may wait for the loader.
      const std::lock_guard lock(mutex);
      counts = bucket->counts;
    }
    samples.push_back(estimate(*bucket, counts));
  }
  return samples;
}

std::uint64_t lost_samples() noexcept { return lost; }

}  // namespace pprof::internal
