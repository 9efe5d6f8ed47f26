// Passes CPU samples from the signal handler to the capturing thread.
// One producer at a time (gperftools runs its SIGPROF callbacks one after another), one consumer.
// begin_push() and commit() are async-signal-safe: no lock, no memory.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "stacks/unwind.h"
#include "threads/labels.h"

namespace pprof::internal {

struct CpuSample {
  pid_t tid = 0;
  const char* thread_name = nullptr;  // lives as long as the process; null: ask the kernel
  std::int64_t periods = 0;           // how many ticks it stands for, see tick.cpp
  std::size_t depth = 0;
  LabelSet labels;
  std::array<std::uintptr_t, kMaxStackDepth> stack;
};

class SampleRing {
 public:
  SampleRing() : slots_(std::make_unique<std::array<CpuSample, kCapacity>>()) {}

  // The slot to fill before commit(), or null when the ring is full: the sample is lost and
  // counted.
  CpuSample* begin_push() noexcept {
    // Acquire: the producer before this one was another thread, ordered by gperftools' lock only.
    const std::size_t written = written_.load(std::memory_order_acquire);
    if (written - read_.load(std::memory_order_acquire) == kCapacity) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    return &(*slots_)[written % kCapacity];
  }
  void commit() noexcept { written_.fetch_add(1, std::memory_order_acq_rel); }

  // The oldest sample, or null; pop() frees its slot.
  const CpuSample* front() const noexcept {
    const std::size_t read = read_.load(std::memory_order_relaxed);
    if (read == written_.load(std::memory_order_acquire)) return nullptr;
    return &(*slots_)[read % kCapacity];
  }
  void pop() noexcept { read_.fetch_add(1, std::memory_order_release); }

  std::size_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  // Drained 20 times a second: enough for 200 cores at 100 Hz.
  static constexpr std::size_t kCapacity = 1024;

  std::unique_ptr<std::array<CpuSample, kCapacity>> slots_;
  std::atomic<std::size_t> written_{0};
  std::atomic<std::size_t> read_{0};
  std::atomic<std::size_t> lost_{0};
};

}  // namespace pprof::internal
