// Sampled allocations: buckets by (stack, size class), and which of them live. Used by the samplers
// and by heap_profile(). Thread-safety: none; the caller locks.
//
// Buckets have one size class each, because the chance of being sampled depends on the size: an
// average over all sizes would be biased (runtime/mprof.go of Go does the same). Buckets stay, so
// classes must be few: a service that allocates strings of every length would otherwise fill its
// memory with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "profile.h"

namespace pprof::internal {

class HeapSampleTable {
 public:
  // A sampled allocation. `key` names it until remove(): its address, or a number. `size_class` is
  // what the sampler's counter takes an allocation of that size for, or close to it.
  void add(std::uint64_t key, std::size_t size, std::size_t size_class,
           std::span<const std::uintptr_t> stack);

  // It was freed. False if there is no such sample.
  bool remove(std::uint64_t key);

  // All that are not in `live` were freed.
  void keep(const std::unordered_set<std::uint64_t>& live);

  std::size_t live_samples() const { return live_.size(); }

  // Estimates of the four values, given the mean distance between samples. A bucket that was
  // sampled n times stands for n / (1 - exp(-size_class / mean)) allocations.
  std::vector<Sample> estimate(std::size_t mean_bytes) const;

 private:
  struct Key {
    std::size_t size_class;
    std::vector<std::uintptr_t> stack;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): its mistake
  };
  struct Bucket {
    std::uint64_t objects = 0, bytes = 0;            // ever allocated
    std::uint64_t live_objects = 0, live_bytes = 0;  // and not freed
  };
  struct LiveSample {
    Bucket* bucket;  // in buckets_, whose nodes never move
    std::size_t size;
  };
  static void free(const LiveSample& sample);

  std::map<Key, Bucket> buckets_;
  std::unordered_map<std::uint64_t, LiveSample> live_;
};

// The middle of a range of sizes around `size`, at most 1.6 % away: for sizes without classes of
// their own.
std::size_t coarse_size_class(std::size_t size);

}  // namespace pprof::internal
