// See sample_table.h.
#include "heap/sample_table.h"

#include <cmath>

namespace pprof::internal {

void HeapSampleTable::add(std::uint64_t key, std::size_t size,
                          std::span<const std::uintptr_t> stack) {
  Counts& counts = buckets_[{size, {stack.begin(), stack.end()}}];
  ++counts.allocated;
  const auto [place, is_new] = live_.try_emplace(key, &counts);
  if (!is_new) {  // the address was freed without our knowledge and is used again
    ++place->second->freed;
    place->second = &counts;
  }
}

bool HeapSampleTable::remove(std::uint64_t key) {
  const auto found = live_.find(key);
  if (found == live_.end()) {
    return false;
  }
  ++found->second->freed;
  live_.erase(found);
  return true;
}

void HeapSampleTable::keep(const std::unordered_set<std::uint64_t>& live) {
  std::erase_if(live_, [&](const auto& entry) {
    const bool freed = !live.contains(entry.first);
    entry.second->freed += freed ? 1 : 0;
    return freed;
  });
}

std::vector<Sample> HeapSampleTable::estimate(std::size_t mean_bytes,
                                              std::size_t (*counted)(std::size_t size)) const {
  std::vector<Sample> samples;
  for (const auto& [key, counts] : buckets_) {
    const auto size = static_cast<double>(key.size);
    const auto weight = static_cast<double>(counted(key.size));
    const double scale = -1 / std::expm1(-weight / static_cast<double>(mean_bytes));
    const double allocated = static_cast<double>(counts.allocated) * scale;
    const double in_use = static_cast<double>(counts.allocated - counts.freed) * scale;
    samples.push_back({key.stack,
                       {std::llround(allocated), std::llround(allocated * size),
                        std::llround(in_use), std::llround(in_use * size)},
                       {}});
  }
  return samples;
}

}  // namespace pprof::internal
