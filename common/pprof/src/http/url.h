// Paths and queries of URLs. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pprof::internal {

struct Target {
  std::string path;        // decoded
  std::string_view query;  // still encoded, without '?'; part of what was split
};

// "/a%20b?c=d" in its two parts.
Target split_target(std::string_view target);

// The first value of ?name=, decoded; empty without '='. Nothing if there is no such name.
std::optional<std::string> parameter(std::string_view query, std::string_view name);

// For the value of a parameter.
std::string encode_parameter(std::string_view text);

}  // namespace pprof::internal
