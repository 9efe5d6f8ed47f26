// See delta.h.
#include "encode/delta.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pprof::internal {
namespace {

using Key = std::pair<std::vector<std::uintptr_t>, std::vector<Label>>;
using Sums = std::map<Key, std::vector<std::int64_t>>;

void add(Sums& sums, const Profile& profile, std::int64_t sign) {
  for (const Sample& sample : profile.samples) {
    auto& values = sums[{sample.stack, sample.labels}];
    values.resize(profile.sample_types.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += sign * sample.values[i];
  }
}

bool only_grows(const ValueType& type) {
  return type.type.starts_with("alloc_") || type.type == "contentions" || type.type == "delay";
}

}  // namespace

Profile subtract(const Profile& after, const Profile& before) {
  Sums sums;
  add(sums, after, 1);
  add(sums, before, -1);
  Profile difference = after;
  difference.samples.clear();
  difference.duration = after.time - before.time;
  difference.lost = after.lost - before.lost;
  for (auto& [key, values] : sums) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (only_grows(after.sample_types[i])) values[i] = std::max<std::int64_t>(values[i], 0);
    }
    const bool unchanged = std::ranges::all_of(values, [](auto value) { return value == 0; });
    if (!unchanged) difference.samples.push_back({key.first, values, key.second});
  }
  return difference;
}

}  // namespace pprof::internal
