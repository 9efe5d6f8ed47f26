// Counts calls of operator new, for the benchmarks and the allocation budget. Linking
// alloc_counter.cpp replaces the global operators; the service does not link it.
#pragma once

#include <cstdint>

namespace alloc_counter {

struct Count {
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;  // as requested, before the allocator rounds up

  friend Count operator-(Count a, Count b) {
    return {a.allocations - b.allocations, a.bytes - b.bytes};
  }
};

// What the calling thread has allocated since it started. Costs no lock and no allocation.
Count this_thread();

}  // namespace alloc_counter
