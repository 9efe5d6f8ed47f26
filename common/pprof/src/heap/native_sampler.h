// Samples where tcmalloc itself does, so that allocations in between cost nothing. Started by
// heap.cpp. Thread-safety: start from one thread; the rest on any thread.
//
// tcmalloc counts the bytes of each thread down to a random (exponential) number anyway. At 0 it
// gives the allocation a span of its own and calls GetStackTrace() (gperftools/stacktrace.h),
// whose definition here comes before its own. That installs a malloc hook for just this
// allocation, to learn its address and size, and answers with a number instead of a stack.
// tcmalloc keeps that number until the memory is freed: MallocExtension::ReadStackTraces() lists
// the numbers of what lives, and no hook on free() is needed. A hook on every malloc and free
// costs three times the pair (measured; bench/).
//
// Not sampled: aligned_alloc() beyond a page, and reallocation in place.
#pragma once

#include <cstddef>

namespace pprof::internal {

// Samples every `mean_bytes` bytes on average from now on. False, and nothing changed, if this
// tcmalloc does not work as described: then use hook_sampler.h.
bool start_native_sampler(std::size_t mean_bytes);

// Finds out which samples have been freed. Before reading the table; the caller holds its lock.
void native_sampler_update();

}  // namespace pprof::internal
