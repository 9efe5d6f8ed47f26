// See text.h.
#include "encode/text.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <numeric>

namespace pprof::internal {
namespace {

std::string format_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

std::string hex(std::uintptr_t value) {
  std::string text(2 + 2 * sizeof(value) + 1, '\0');
  text.resize(static_cast<std::size_t>(
      std::snprintf(text.data(), text.size(), "0x%lx", static_cast<unsigned long>(value))));
  return text;
}

// 1500000 nanoseconds as "1.50 ms"; bytes and counts as they are.
std::string format_value(std::int64_t value, const std::string& unit) {
  if (unit == "count") return std::to_string(value);
  if (unit != "nanoseconds") return std::to_string(value) + " " + unit;
  std::string text(40, '\0');
  const double milliseconds = static_cast<double>(value) / 1e6;
  text.resize(
      static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.2f ms", milliseconds)));
  return text;
}

std::string format_values(const Profile& profile, const std::vector<std::int64_t>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ", ";
    text +=
        profile.sample_types[i].type + " " + format_value(values[i], profile.sample_types[i].unit);
  }
  return text;
}

std::string format_labels(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) text += "  " + label.key + "=" + label.text;
  return text;
}

std::size_t default_type(const Profile& profile) {
  for (std::size_t i = 0; i < profile.sample_types.size(); ++i) {
    if (profile.sample_types[i].type == profile.default_sample_type) return i;
  }
  return profile.sample_types.empty() ? 0 : profile.sample_types.size() - 1;
}

std::vector<const Sample*> sorted_samples(const Profile& profile) {
  const std::size_t type = default_type(profile);
  std::vector<const Sample*> samples;
  for (const Sample& sample : profile.samples) samples.push_back(&sample);
  std::ranges::stable_sort(samples, std::ranges::greater{},
                           [type](const Sample* sample) { return sample->values[type]; });
  return samples;
}

std::vector<std::int64_t> totals(const Profile& profile) {
  std::vector<std::int64_t> sums(profile.sample_types.size());
  for (const Sample& sample : profile.samples) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += sample.values[i];
  }
  return sums;
}

}  // namespace

std::string format_address(std::uintptr_t address, SymbolSource& symbols) {
  const Location& location = symbols.locate(address);
  if (location.frames.empty()) {
    const std::string where = location.mapping == nullptr ? "?" : location.mapping->file;
    return "    " + hex(address) + "  " + where + "\n";
  }
  std::string text;
  for (const Frame& frame : location.frames) {
    text += "    " + frame.name;
    if (!frame.file.empty()) text += "  " + frame.file + ":" + std::to_string(frame.line);
    text += "\n";
  }
  return text;
}

std::string format_text(const std::string& title, const Profile& profile, SymbolSource& symbols) {
  std::string text = title + " profile, " + format_time(profile.time);
  if (profile.duration.count() > 0) {
    text += ", over " + format_value(profile.duration.count(), "nanoseconds");
  }
  text += "\ntotal: " + format_values(profile, totals(profile)) + "\n";
  if (profile.period > 0) {
    text += "period: " + profile.period_type.type + " " +
            format_value(profile.period, profile.period_type.unit) + "\n";
  }
  for (const std::string& comment : profile.comments) text += "note: " + comment + "\n";
  for (const Sample* sample : sorted_samples(profile)) {
    text += "\n" + format_values(profile, sample->values) + format_labels(sample->labels) + "\n";
    for (const std::uintptr_t address : sample->stack) text += format_address(address, symbols);
  }
  return text;
}

}  // namespace pprof::internal
