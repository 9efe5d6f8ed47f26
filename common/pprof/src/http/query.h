// The query of a profile request: ?seconds= and ?debug=. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "http/reply.h"
#include "profiles/capture.h"

namespace pprof::internal {

// `seconds` must be a number above 0 and at most `max_duration`; fractions are allowed. Without it,
// and if it is empty, it is `by_default` or, if that is longer, `max_duration`; 0 is the same where
// there is a default, as in Go. `debug` must be 0, 1 or 2, `symbolize` none. Other parameters are
// left alone. An error has status 400.
tl::expected<Take, HttpError> parse_query(std::string_view query, std::chrono::seconds max_duration,
                                          std::optional<std::chrono::seconds> by_default);

}  // namespace pprof::internal
