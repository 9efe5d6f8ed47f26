// Random distances between samples. Used by sampler.cpp. Thread-safety: any thread; lock-free.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprof::internal {

// An exponential random number with this mean: the distance from one event of a Poisson process to
// the next, in bytes. Each thread has its own sequence.
std::int64_t next_sample_distance(std::size_t mean_bytes) noexcept;

}  // namespace pprof::internal
