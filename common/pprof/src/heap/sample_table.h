// Sampled allocations: buckets by (stack, size), and which of them live. Used by the samplers and
// by heap_profile(). Thread-safety: none; the caller locks.
//
// Buckets have one size each, because the chance of being sampled depends on the size: an average
// over sizes would be biased (runtime/mprof.go of Go does the same).
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
  // A sampled allocation. `key` names it until remove(): its address, or a number.
  void add(std::uint64_t key, std::size_t size, std::span<const std::uintptr_t> stack);

  // It was freed. False if there is no such sample.
  bool remove(std::uint64_t key);

  // All that are not in `live` were freed.
  void keep(const std::unordered_set<std::uint64_t>& live);

  std::size_t live_samples() const { return live_.size(); }

  // Estimates of the four values, given the mean distance between samples. A bucket that was
  // sampled n times at size s stands for n / (1 - exp(-counted(s) / mean)) allocations: `counted`
  // is what the sampler's counter takes an allocation of that size for.
  std::vector<Sample> estimate(std::size_t mean_bytes,
                               std::size_t (*counted)(std::size_t size)) const;

 private:
  struct Key {
    std::size_t size;
    std::vector<std::uintptr_t> stack;
    auto operator<=>(const Key&) const = default;
  };
  struct Counts {
    std::uint64_t allocated = 0;
    std::uint64_t freed = 0;
  };

  std::map<Key, Counts> buckets_;
  std::unordered_map<std::uint64_t, Counts*> live_;  // into buckets_, whose nodes never move
};

}  // namespace pprof::internal
