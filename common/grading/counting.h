// Counts what a stage does while a probe looks on: malloc, operator new, mmap, write, writev and
// pwrite. Linking counting.cpp replaces these functions for the whole program, so only the probe
// links it; a service never does. Benchmarks count by alloc_counter.h, which is next to free.
#pragma once

#include <cstdint>

namespace counting {

struct Count {
  // The calling thread's own.
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;  // as requested
  // Writes of all threads: a stage may write from one of its own.
  std::uint64_t writes = 0;

  friend Count operator-(const Count& a, const Count& b) {
    return {a.allocations - b.allocations, a.bytes - b.bytes, a.writes - b.writes};
  }
};

Count now();

// Bytes allocated and not yet freed, by all threads.
std::int64_t live_bytes();

}  // namespace counting
