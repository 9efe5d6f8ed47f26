// Writes a recording as Chrome trace JSON. Called by trace.cpp. Pure functions, thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "trace/recorder.h"

namespace pprof::internal {

// `start_ns` is the time that becomes 0, on the clock of the spans. Earlier spans are left out.
std::string trace_json(const Recording& recording, std::int64_t start_ns,
                       std::chrono::nanoseconds duration);

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace pprof::internal
