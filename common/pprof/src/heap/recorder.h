// The table of samples with its lock, and the guard that keeps the sampler from sampling itself.
// Used by the two samplers and by heap.cpp. Thread-safety: any thread; not in a signal handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

#include "heap/sample_table.h"

namespace pprof::internal {

// While it lives, this thread's own allocations are not sampled and its frees not looked up.
class InsideSampler {
 public:
  InsideSampler() noexcept { ++depth_; }
  ~InsideSampler() { --depth_; }
  InsideSampler(const InsideSampler&) = delete;
  InsideSampler& operator=(const InsideSampler&) = delete;

  static bool is_true() noexcept { return depth_ > 0; }

 private:
  static inline constinit thread_local int depth_ = 0;
};

// Both locks are held around fork(), so that a child can go on allocating.
struct HeapRecorder {
  std::mutex hooks_mutex;  // around changes of MallocHook's list, whose own lock ignores fork()
  std::mutex mutex;        // of the table
  HeapSampleTable table;

  // Adds a sample with the stack that returns to `return_address` (see capture_own_stack()).
  void add(std::uint64_t key, std::size_t size, std::size_t size_class, const void* return_address);
};

// Made on first use and never destroyed: memory is freed during static destruction, too.
HeapRecorder& heap_recorder();

}  // namespace pprof::internal
