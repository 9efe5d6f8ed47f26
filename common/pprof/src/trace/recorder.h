// The buffer that spans go to while a trace runs. Written by trace_emit() on any thread, started,
// stopped and read by trace.cpp. Thread-safety: any threads; recordings may overlap.
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

struct RecordingStart {
  std::size_t place;  // of the first span in the buffer
  std::uint64_t spans_without_labels;
};

// The first recording makes the buffer, those that overlap with it share it, the last frees it.
RecordingStart start_recording();
// Waits for spans being written. What was emitted since `start`, which start_recording() gave.
Recording stop_recording(const RecordingStart& start);

}  // namespace pprof::internal
