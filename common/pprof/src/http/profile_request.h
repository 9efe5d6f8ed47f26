// Answers a request for one profile of the table: snapshot, difference, timed capture, or text.
// Called by the handler. Thread-safe.
#pragma once

#include <chrono>
#include <string_view>

#include "pprof/handler.h"
#include "profiles/table.h"

namespace pprof::internal {

// `query` is that of the request. Captures longer than `max_duration` are refused. `endpoint` must
// live as long as the process.
Response answer_profile(const Endpoint& endpoint, std::chrono::seconds max_duration,
                        std::string_view query, const Request& request);

}  // namespace pprof::internal
