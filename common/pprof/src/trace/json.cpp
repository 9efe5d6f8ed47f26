// See json.h. Event fields as in the Trace Event Format: name, cat, ph, ts, dur, pid, tid, args.
#include "trace/json.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>

#include "threads/tasks.h"

namespace pprof::internal {
namespace {

// Microseconds with three digits: the format's unit at full resolution.
std::string microseconds(std::int64_t ns) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  return text.data();
}

void append_metadata(std::string& out, const char* kind, pid_t tid, const std::string& name) {
  out += R"({"ph":"M","name":")";
  out += kind;
  out += R"(","pid":)" + std::to_string(getpid()) + R"(,"tid":)" + std::to_string(tid) +
         R"(,"args":{"name":)" + json_string(name) + "}}";
}

void append_labels_json(std::string& out, const LabelSet& set) {
  out += R"(,"args":{)";
  for (std::size_t i = 0; i < set.count; ++i) {
    out += i == 0 ? "" : ",";
    out += json_string(set.labels[i].key.data()) + ":" + json_string(set.labels[i].value.data());
  }
  out += "}";
}

void append_span(std::string& out, const Span& span, const std::string& pid,
                 std::int64_t start_ns) {
  out += ",\n{\"ph\":\"X\",\"name\":" + json_string(span.name);
  out += ",\"cat\":" + json_string(span.category);
  out += ",\"ts\":" + microseconds(span.start_ns - start_ns);
  out += ",\"dur\":" + microseconds(span.end_ns - span.start_ns);
  out += ",\"pid\":" + pid + ",\"tid\":" + std::to_string(span.tid);
  if (span.labels != nullptr) append_labels_json(out, *span.labels);
  out += "}";
}

std::map<pid_t, std::string> names_of_threads(const Recording& recording) {
  std::map<pid_t, std::string> names;
  for (const Span& span : recording.spans) {
    std::string& name = names[span.tid];
    if (span.thread_name != nullptr) {
      name = span.thread_name;
    } else if (name.empty()) {
      name = kernel_thread_name(span.tid);
      name = name.empty() ? "thread " + std::to_string(span.tid) : name;
    }
  }
  return names;
}

}  // namespace

std::string trace_json(const Recording& recording, std::int64_t start_ns,
                       std::chrono::nanoseconds duration) {
  const std::string pid = std::to_string(getpid());
  const std::string dropped = std::to_string(recording.dropped);
  std::string out = "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"dropped_spans\":" + dropped +
                    ",\"spans_without_labels\":" + std::to_string(recording.spans_without_labels) +
                    ",\"duration_ns\":" + std::to_string(duration.count()) +
                    "},\n\"traceEvents\":[\n";
  append_metadata(out, "process_name", getpid(), kernel_thread_name(getpid()));
  for (const auto& [tid, name] : names_of_threads(recording)) {
    out += ",\n";
    append_metadata(out, "thread_name", tid, name);
  }
  for (const Span& span : recording.spans) {
    if (span.start_ns >= start_ns) append_span(out, span, pid, start_ns);
  }
  if (recording.dropped > 0) {
    out += ",\n{\"ph\":\"i\",\"s\":\"g\",\"name\":\"" + dropped +
           " spans dropped\",\"ts\":" + microseconds(duration.count()) + ",\"pid\":" + pid +
           ",\"tid\":" + pid + "}";
  }
  return out + "\n]}\n";
}

}  // namespace pprof::internal
