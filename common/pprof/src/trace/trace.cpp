// See trace.h.
#include "trace/trace.h"

#include <mutex>

#include "pprof/trace.h"
#include "trace/json.h"
#include "trace/recorder.h"

namespace pprof::internal {
std::optional<std::string> capture_trace_json(std::chrono::nanoseconds duration,
                                              const Wanted& wanted) {
  static std::mutex one_at_a_time;
  const std::unique_lock lock(one_at_a_time, std::try_to_lock);
  if (!lock.owns_lock()) return std::nullopt;
  const std::int64_t start_ns = trace_now_ns();
  start_recording();
  wait_while_wanted(std::chrono::steady_clock::now() + duration, wanted);
  const Recording recording = stop_recording();
  return trace_json(recording, start_ns, std::chrono::nanoseconds(trace_now_ns() - start_ns));
}

}  // namespace pprof::internal
