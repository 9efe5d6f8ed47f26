// See own_samples.h.
#include "profiles/own_samples.h"

#include <algorithm>
#include <string>
#include <vector>

namespace pprof::internal {
namespace {

bool is_own(const Frame& frame) { return frame.name.starts_with("pprof::internal::"); }

bool is_own(const Sample& sample, SymbolSource& symbols) {
  return std::ranges::any_of(sample.stack, [&symbols](std::uintptr_t address) {
    const std::vector<Frame>& frames = symbols.locate(address).frames;
    return std::ranges::any_of(frames, [](const Frame& frame) { return is_own(frame); });
  });
}

}  // namespace

Profile without_own_samples(Profile profile, SymbolSource& symbols) {
  std::vector<std::int64_t> left_out(profile.sample_types.size());
  std::erase_if(profile.samples, [&](const Sample& sample) {
    if (!is_own(sample, symbols)) return false;
    for (std::size_t i = 0; i < left_out.size(); ++i) left_out[i] += sample.values[i];
    return true;
  });
  std::string text = "left out, allocated by the profiler itself:";
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    text += " " + profile.sample_types[i].type + " " + std::to_string(left_out[i]);
  }
  if (std::ranges::any_of(left_out, [](auto value) { return value != 0; })) {
    profile.comments.push_back(text);
  }
  return profile;
}

}  // namespace pprof::internal
