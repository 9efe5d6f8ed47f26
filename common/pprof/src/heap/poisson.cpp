// See poisson.h.
#include "heap/poisson.h"

#include <time.h>

#include <atomic>
#include <cmath>

namespace pprof::internal {
namespace {

// Differs between processes and, by a counter, between threads, even if they reuse memory.
std::uint64_t next_seed() noexcept {
  static constinit std::atomic<std::uint64_t> counter{0};
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((counter.fetch_add(1) + 1) * 0x9E3779B97F4A7C15ULL) ^
         static_cast<std::uint64_t>(now.tv_nsec) ^ 1U;
}

}  // namespace

std::int64_t next_sample_distance(std::size_t mean_bytes) noexcept {
  [[gnu::tls_model("initial-exec")]] static constinit thread_local std::uint64_t state = 0;
  if (state == 0) state = next_seed();
  // Marsaglia's xorshift64*, then the inverse of the distribution function.
  state ^= state >> 12U;
  state ^= state << 25U;
  state ^= state >> 27U;
  const std::uint64_t bits = state * 0x2545F4914F6CDD1DULL;
  const double uniform = (static_cast<double>(bits >> 11U) + 1) * 0x1p-53;  // in (0, 1]
  return static_cast<std::int64_t>(-std::log(uniform) * static_cast<double>(mean_bytes));
}

}  // namespace pprof::internal
