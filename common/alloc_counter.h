// Counts calls of operator new, for the benchmarks, the allocation budget and the probes of the
// labs. Linking alloc_counter.cpp replaces the global operators; the service does not link it.
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

// Called by every thread with each block that operator new gives or delete takes. Must not
// allocate.
struct Observer {
  void (*allocated)(void* block);
  void (*freed)(void* block);
};

// `observer` must stay.
void set_observer(const Observer* observer);

}  // namespace alloc_counter
