// How much the profiles look at, in the whole process. Each can be changed while it runs.
// Thread-safety: any thread, at any time. An error is one line: what is wrong, and the rule.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <tl/expected.hpp>

#include "pprof/version.h"

namespace pprof {

// Samples in a second of each thread's CPU time, 1 to 1000; 100 by default. For captures that begin
// while none runs; others have the rate of the first. The kernel looks at its own ticks, often 250
// a second: above them, a sample counts as several.
tl::expected<void, std::string> set_cpu_profile_rate(int per_second);

// One sample of heap and allocs for each so many bytes allocated, on average; by default
// PPROF_HEAP_SAMPLE_BYTES from the environment, or 524288. 1: every allocation. 0: none from now
// on. Other threads follow when they have allocated what they had still to count, at most 16 MiB.
tl::expected<void, std::string> set_heap_profile_rate(std::size_t bytes);

// block has one wait for each so long a time spent waiting; by default PPROF_BLOCK_RATE_NS from the
// environment, or 10 us. Longer waits are all there. 1 ns: every wait. 0: none from now on.
tl::expected<void, std::string> set_block_profile_rate(std::chrono::nanoseconds rate);

// mutex has one wait of so many; by default PPROF_MUTEX_FRACTION from the environment, or 1. 0:
// none from now on. Of waits below 10 us, a part is taken in any case.
tl::expected<void, std::string> set_mutex_profile_fraction(int fraction);

}  // namespace pprof
