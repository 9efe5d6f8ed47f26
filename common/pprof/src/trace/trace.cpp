// See trace.h.
#include "trace/trace.h"

#include "pprof/trace.h"
#include "trace/json.h"
#include "trace/recorder.h"

namespace pprof::internal {

std::string capture_trace_json(std::chrono::nanoseconds duration, const Wanted& wanted) {
  const std::int64_t start_ns = trace_now_ns();
  const RecordingStart start = start_recording();
  wait_while_wanted(std::chrono::steady_clock::now() + duration, wanted);
  const Recording recording = stop_recording(start);
  return trace_json(recording, start_ns, std::chrono::nanoseconds(trace_now_ns() - start_ns));
}

}  // namespace pprof::internal
