// The buffer that spans go to while a trace runs. Written by trace_emit() on any thread, started,
// stopped and read by trace.cpp. Thread-safety: start and stop by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "threads/labels.h"

namespace pprof::internal {

inline constexpr std::size_t kMaxSpans = std::size_t{1} << 19U;

struct Span {
  const char* name;
  const char* category;
  const char* thread_name;  // by ThreadScope, or nullptr
  const LabelSet* labels;   // kept until the process ends, or nullptr
  std::int64_t start_ns;
  std::int64_t end_ns;
  pid_t tid;
};

struct Recording {
  std::vector<Span> spans;
  std::uint64_t dropped = 0;
  std::uint64_t spans_without_labels = 0;  // although they had some: the table was full
};

void start_recording();
// Ends the recording, waits for spans being written, and hands the buffer over.
Recording stop_recording();

}  // namespace pprof::internal
