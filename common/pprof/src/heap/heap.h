// Samples of the heap since the process began. Called by the heap and allocs endpoints.
// Thread-safety: any thread; not in a signal handler.
//
// Needs tcmalloc (gperftools) in the process, found through weak symbols: without it everything
// links and heap_available() is false, as it is under sanitizers, whose malloc wins. Sampling
// begins when the process starts, one sample for each 512 KiB allocated on average, or each
// PPROF_HEAP_SAMPLE_BYTES bytes (environment; 0: never).
#pragma once

#include <cstddef>

#include "profile.h"

namespace pprof::internal {

// What samples: nothing without tcmalloc or when it was switched off; hooks on every malloc and
// free if asked for, or if the native sampler does not know this tcmalloc.
enum class HeapSampler { kNone, kNative, kHooks };

// The sampler in use, chosen when the process started.
HeapSampler heap_sampler();

// Whether there is one.
bool heap_available();

// The mean distance between samples, in bytes.
std::size_t heap_sample_bytes();

// alloc_objects/count and alloc_space/bytes (since the start), inuse_objects/count and
// inuse_space/bytes (not freed yet); estimates of all allocations, made from the samples.
// The leaf is the function that called the allocator. Empty if !heap_available().
Profile heap_profile();

}  // namespace pprof::internal
