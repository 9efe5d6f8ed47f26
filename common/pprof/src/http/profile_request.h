// Answers a request for one profile of the table: snapshot, difference, timed capture, or text.
// Called by mount()'s handler. Thread-safe.
#pragma once

#include <httplib.h>

#include <chrono>

#include "http/endpoints.h"

namespace pprof::internal {

// Captures longer than `max_duration` are refused. `endpoint` must live as long as the process.
void answer_profile(const Endpoint& endpoint, std::chrono::seconds max_duration,
                    const httplib::Request& request, httplib::Response& response);

}  // namespace pprof::internal
