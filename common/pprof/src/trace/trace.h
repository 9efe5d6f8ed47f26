// Records spans of all threads for a while and writes them as a Chrome trace. Called by the trace
// endpoint. Thread-safety: any thread; captures may run at the same time.
#pragma once

#include <chrono>
#include <string>

#include "wanted.h"

namespace pprof::internal {

// Waits for `duration`, or until `wanted` says false, and returns what
// TraceSpan and the locks of mutex.h recorded meanwhile, as JSON in the Trace Event Format of
// Chrome's developers: complete events ("ph":"X") in microseconds from the start, thread names as
// metadata, labels as args. At most 524288 spans are kept (28 MB); otherData.dropped_spans and an
// event named "spans dropped" say how many more there were. otherData.spans_without_labels counts
// spans whose labels are left out, since the process had used 4096 different sets before.
// Traces that overlap share the room for spans.
std::string capture_trace_json(std::chrono::nanoseconds duration, const Wanted& wanted);

}  // namespace pprof::internal
