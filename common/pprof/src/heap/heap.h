// Samples of the heap since the process began. Called by the heap and allocs endpoints.
// Thread-safety: any thread; not in a signal handler.
//
// Needs pprof::heap in the program, which stands in front of malloc and operator new, whatever
// allocator is below. Sampling begins before main(), one sample for each 512 KiB allocated on
// average, or each PPROF_HEAP_SAMPLE_BYTES bytes (environment; 0: never).
#pragma once

#include <cstddef>
#include <string>

#include "profile.h"

namespace pprof::internal {

// Called once by front.cpp, before main(). `allocator` is the file of the allocator below;
// `reason`, unless null, says why nothing may be sampled. Both are kept.
void start_heap_sampler(const char* allocator, const char* reason);

// What makes sampling impossible in this process, with the remedy; empty if it can be done.
std::string heap_obstacle();

// One sample for each so many bytes from now on, at most kMostSampleBytes; 0: none. Not if there is
// an obstacle.
inline constexpr std::size_t kMostSampleBytes = std::size_t{1} << 40U;
void set_heap_rate(std::size_t bytes);

// Why there are no samples, with the remedy; empty if there are.
std::string heap_unavailable_reason();
inline bool heap_available() { return heap_unavailable_reason().empty(); }

// Over which allocator, and how often now, in a sentence each. Only if heap_available().
std::string heap_sampler_description();
std::string heap_rate_description();

// alloc_objects/count and alloc_space/bytes (since the start), inuse_objects/count and
// inuse_space/bytes (not freed yet); estimates of all allocations, made from the samples.
// The leaf is the function that called the allocator. Empty if !heap_available().
Profile heap_profile();

}  // namespace pprof::internal
