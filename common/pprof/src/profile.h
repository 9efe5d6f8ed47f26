// A captured profile before encoding: stacks of addresses with values and labels.
// Filled by the capture code, read by the symbolizer, the encoder and the text form.
// Plain data: no thread-safety of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pprof::internal {

struct ValueType {
  std::string type;
  std::string unit;
  bool operator==(const ValueType&) const = default;
};

struct Label {
  std::string key;
  std::string text;
  auto operator<=>(const Label&) const = default;  // NOLINT(modernize-use-nullptr): its mistake
};

struct Sample {
  // Leaf first. Addresses of the calls: capture code has already subtracted 1 from return
  // addresses, but not from a leaf that a signal interrupted.
  std::vector<std::uintptr_t> stack;
  std::vector<std::int64_t> values;  // one for each of Profile::sample_types
  std::vector<Label> labels;
};

struct Profile {
  std::vector<ValueType> sample_types;
  std::string default_sample_type;  // empty: the last of sample_types
  ValueType period_type;
  std::int64_t period = 0;
  std::chrono::system_clock::time_point time;
  std::chrono::nanoseconds duration{0};  // 0 for a snapshot
  std::vector<Sample> samples;
  std::uint64_t lost = 0;  // samples of the heap that are missing among these
  std::vector<std::string> comments;
};

}  // namespace pprof::internal
