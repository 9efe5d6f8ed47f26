// Spans in the trace endpoint's timeline. Called by the service around work worth seeing.
// Thread-safety: a TraceSpan belongs to the thread that made it; any threads may have spans.
#pragma once

#include <atomic>
#include <cstdint>

#include "pprof/version.h"

namespace pprof {

namespace internal {
#pragma GCC visibility push(default)  // one for the process and its plugins
extern constinit std::atomic<bool> trace_running;
std::int64_t trace_now_ns() noexcept;  // steady clock, nanoseconds, never 0
void trace_emit(const char* name, const char* category, std::int64_t start_ns,
                std::int64_t end_ns) noexcept;
#pragma GCC visibility pop
}  // namespace internal

// Records the time from here to the end of the scope as one span of this thread, with its labels.
// `name` and `category` must live until the process ends: use literals,
// and do not close a plugin while a trace runs that has its spans. Null counts as "".
// Without a running trace it costs one relaxed load. A span that began before the trace did, or
// that has not ended when the trace ends, is left out. A trace keeps 524288 spans and counts the
// rest. The process keeps 4096 different sets of labels: spans with further sets appear without
// labels. The trace's otherData counts both: dropped_spans, spans_without_labels.
class TraceSpan {
 public:
  explicit TraceSpan(const char* name, const char* category = "app") noexcept
      : name_(name != nullptr ? name : ""), category_(category != nullptr ? category : "") {
    if (internal::trace_running.load(std::memory_order_relaxed)) [[unlikely]] {
      start_ns_ = internal::trace_now_ns();
    }
  }
  ~TraceSpan() {
    if (start_ns_ != 0) [[unlikely]] {
      internal::trace_emit(name_, category_, start_ns_, internal::trace_now_ns());
    }
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  const char* name_;
  const char* category_;
  std::int64_t start_ns_ = 0;
};

}  // namespace pprof
