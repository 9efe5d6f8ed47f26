// See recorder.h. A span claims its place in the buffer with one atomic addition, and is there once
// its end is.
#include "trace/recorder.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "fork_mutex.h"
#include "pprof/trace.h"
#include "threads/names.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

constexpr std::size_t kMaxLabelSets = 4096;

// Never destroyed: threads write spans until the process is gone, also in exit().
std::vector<Span>& buffer() {
  static auto* const instance = new std::vector<Span>;
  return *instance;
}
std::atomic<std::size_t> next_place{0};
int recordings = 0;  // that run; guarded by labels_mutex
// Threads inside trace_emit(). Sequentially consistent with trace_running: either the writer sees
// that the trace has ended, or stop_recording() sees the writer.
std::atomic<int> writers{0};
std::atomic<std::uint64_t> spans_without_labels{0};

struct LabelSetOrder {
  bool operator()(const LabelSet& a, const LabelSet& b) const {
    return std::lexicographical_compare(
        a.labels.begin(), a.labels.begin() + a.count, b.labels.begin(), b.labels.begin() + b.count,
        [](const LabelCopy& x, const LabelCopy& y) {
          const int keys = std::string_view(x.key.data()).compare(y.key.data());
          return keys != 0 ? keys < 0 : std::string_view(x.value.data()) < y.value.data();
        });
  }
};

bool same(const LabelSet& a, const LabelSet& b) {
  return a.count == b.count &&
         std::equal(a.labels.begin(), a.labels.begin() + a.count, b.labels.begin());
}

// One copy of each set of labels seen, so that a span needs only a pointer.
std::set<LabelSet, LabelSetOrder>& kept_labels() {
  // Never destroyed: spans outlive everything.
  static auto* const instance = new std::set<LabelSet, LabelSetOrder>;
  return *instance;
}
constinit ForkMutex labels_mutex;
constinit std::atomic<bool> labels_are_full{false};  // they are not changed any more

// In a child of fork(), which has no thread that would.
void end_trace() {
  trace_running = false;
  recordings = 0;
  writers = 0;
}
[[gnu::constructor(102)]] void hold_labels_over_fork() {
  hold_over_fork<labels_mutex, end_trace>();
}

// nullptr if the table is full and has no such set.
const LabelSet* kept_copy(const LabelSet& set) {
  std::unique_lock lock(labels_mutex, std::defer_lock);
  if (!labels_are_full.load(std::memory_order_acquire)) lock.lock();
  std::set<LabelSet, LabelSetOrder>& kept = kept_labels();
  const auto found = kept.find(set);
  if (found != kept.end()) return &*found;
  if (kept.size() >= kMaxLabelSets) {
    labels_are_full.store(true, std::memory_order_release);
    return nullptr;
  }
  return &*kept.insert(set).first;
}

// A thread's labels rarely change between its spans: the last set is compared before the table is
// asked.
const LabelSet* keep_labels() {
  constinit static thread_local const LabelSet* last = nullptr;
  LabelSet set;
  copy_current_labels(set);
  if (set.count == 0) return nullptr;
  if (last == nullptr || !same(*last, set)) {
    const LabelSet* const copy = kept_copy(set);
    if (copy == nullptr) {
      spans_without_labels.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    last = copy;
  }
  return last;
}

}  // namespace

constinit std::atomic<bool> trace_running{false};

std::int64_t trace_now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void trace_emit(const char* name, const char* category, std::int64_t start_ns,
                std::int64_t end_ns) noexcept try {
  const LabelSet* const labels = keep_labels();
  writers.fetch_add(1);
  if (trace_running.load()) {
    const std::size_t place = next_place.fetch_add(1, std::memory_order_relaxed);
    if (place < buffer().size()) {
      Span& span = buffer()[place];
      span.name = name;
      span.category = category;
      span.thread_name = current_thread_name();
      span.labels = labels;
      span.start_ns = start_ns;
      span.tid = current_tid();
      std::atomic_ref(span.end_ns).store(end_ns, std::memory_order_release);
    }
  }
  writers.fetch_sub(1);
} catch (const std::exception&) {  // no memory for new labels: the span is not recorded
}

RecordingStart start_recording() {
  const std::scoped_lock lock(labels_mutex);
  if (recordings++ == 0) {
    buffer().assign(kMaxSpans, {});
    next_place = 0;
    trace_running = true;
  }
  return {next_place.load(), spans_without_labels.load()};
}

Recording stop_recording(const RecordingStart& start) {
  const std::scoped_lock lock(labels_mutex);
  const bool is_last = --recordings == 0;
  if (is_last) {
    trace_running = false;
    while (writers.load() != 0) std::this_thread::yield();
  }
  const std::size_t emitted = next_place.load();
  const std::size_t first = std::min(start.place, kMaxSpans);
  const std::size_t end = std::min(emitted, kMaxSpans);
  for (std::size_t i = first; i < end; ++i) {  // whoever claimed the place writes it now
    while (std::atomic_ref(buffer()[i].end_ns).load(std::memory_order_acquire) == 0) {
      std::this_thread::yield();
    }
  }
  std::vector<Span> spans;
  if (is_last) {
    spans.swap(buffer());
    spans.resize(end);
  } else {
    spans.assign(buffer().begin(), buffer().begin() + static_cast<std::ptrdiff_t>(end));
  }
  spans.erase(spans.begin(), spans.begin() + static_cast<std::ptrdiff_t>(first));
  return {std::move(spans), (emitted - end) - (start.place - first),
          spans_without_labels.load() - start.spans_without_labels};
}

}  // namespace pprof::internal
