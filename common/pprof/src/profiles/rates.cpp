// See pprof/rates.h: checks what is given.
#include "pprof/rates.h"

#include "contention/contention.h"
#include "cpu/cpu.h"
#include "heap/heap.h"

namespace pprof {

tl::expected<void, std::string> set_cpu_profile_rate(int per_second) {
  if (per_second < 1 || per_second > 1000) {
    return tl::unexpected("profile: " + std::to_string(per_second) +
                          " samples a second cannot be taken: give 1 to 1000");
  }
  internal::set_cpu_rate(per_second);
  return {};
}

tl::expected<void, std::string> set_heap_profile_rate(std::size_t bytes) {
  if (std::string why = internal::heap_obstacle(); !why.empty()) {
    return tl::unexpected(std::move(why));
  }
  if (bytes > internal::kMostSampleBytes) {
    return tl::unexpected("heap: " + std::to_string(bytes) +
                          " bytes are too many for a sample: give at most " +
                          std::to_string(internal::kMostSampleBytes) + ", or 0 for none");
  }
  internal::set_heap_rate(bytes);
  return {};
}

tl::expected<void, std::string> set_block_profile_rate(std::chrono::nanoseconds rate) {
  if (rate.count() < 0) {
    return tl::unexpected("block: " + std::to_string(rate.count()) +
                          " ns are no time: give 0 for none, or more");
  }
  internal::set_block_rate(rate);
  return {};
}

tl::expected<void, std::string> set_mutex_profile_fraction(int fraction) {
  if (fraction < 0) {
    return tl::unexpected("mutex: one wait of " + std::to_string(fraction) +
                          " cannot be taken: give 0 for none, or more");
  }
  internal::set_mutex_fraction(fraction);
  return {};
}

}  // namespace pprof
