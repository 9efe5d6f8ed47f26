// Samples by hooks on every malloc and free, where native_sampler.h does not work. Started by
// heap.cpp. Thread-safety: start from one thread; the hooks run on any.
//
// Each thread counts its allocated bytes down from an exponential random number, which makes the
// sampled bytes a Poisson process; being memoryless, it needs no care when threads are born or die.
#pragma once

#include <cstddef>

namespace pprof::internal {

// Samples every `mean_bytes` bytes on average from now on. False if all places for hooks are taken.
bool start_hook_sampler(std::size_t mean_bytes);

}  // namespace pprof::internal
