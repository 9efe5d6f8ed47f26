// The query of a profile request: ?seconds= and ?debug=. Thread-safe.
#pragma once

#include <httplib.h>

#include <chrono>
#include <optional>
#include <variant>

#include "http/reply.h"

namespace pprof::internal {

struct Query {
  std::optional<std::chrono::nanoseconds> duration;
  int debug = 0;  // 0: profile.proto; 1, 2: text
};

// `seconds` must be a number above 0 and at most `max_duration`; fractions are allowed.
// `debug` must be 0, 1 or 2. Other parameters are left alone. An error has status 400.
std::variant<Query, HttpError> parse_query(const httplib::Request& request,
                                           std::chrono::seconds max_duration);

}  // namespace pprof::internal
