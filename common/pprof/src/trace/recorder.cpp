// See recorder.h. A span claims its place in the buffer with one atomic addition.
#include "trace/recorder.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "pprof/label.h"
#include "pprof/trace.h"

namespace pprof::internal {
namespace {

constexpr std::size_t kMaxLabelSets = 4096;

std::vector<Span> buffer;
std::atomic<std::size_t> next_place{0};
// Threads inside trace_emit(). Sequentially consistent with trace_running: either the writer sees
// that the trace has ended, or stop_recording() sees the writer.
std::atomic<int> writers{0};

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

// One copy of each set of labels seen, so that a span needs only a pointer. A thread's labels
// rarely change between its spans: the last set is compared before the table is asked.
const LabelSet* keep_labels() {
  if (LabelScope::innermost() == nullptr) {
    return nullptr;
  }
  constinit static thread_local const LabelSet* last = nullptr;
  LabelSet set;
  copy_current_labels(set);
  if (last == nullptr || !same(*last, set)) {
    static std::mutex mutex;
    static auto* const kept = new std::set<LabelSet, LabelSetOrder>;  // spans outlive everything
    const std::lock_guard lock(mutex);
    const auto found = kept->find(set);
    if (found == kept->end() && kept->size() >= kMaxLabelSets) {
      return nullptr;
    }
    last = found != kept->end() ? &*found : &*kept->insert(set).first;
  }
  return last;
}

}  // namespace

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
    if (place < buffer.size()) {
      buffer[place] = {name,     category, current_thread_name(), labels,
                       start_ns, end_ns,   current_tid()};
    }
  }
  writers.fetch_sub(1);
} catch (const std::exception&) {  // no memory for new labels: the span is not recorded
}

void start_recording() {
  buffer.resize(kMaxSpans);
  next_place = 0;
  trace_running = true;
}

Recording stop_recording() {
  trace_running = false;
  while (writers.load() != 0) {
    std::this_thread::yield();
  }
  const std::size_t emitted = next_place.load();
  Recording recording{std::exchange(buffer, {}), emitted - std::min(emitted, kMaxSpans)};
  recording.spans.resize(std::min(emitted, kMaxSpans));
  return recording;
}

}  // namespace pprof::internal
