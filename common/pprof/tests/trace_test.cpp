// The timeline: which spans, whose, with which names and labels, and what happens to too many.
#include "trace/trace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "capture_helpers.h"
#include "pprof/label.h"
#include "pprof/mutex.h"
#include "pprof/thread.h"
#include "pprof/trace.h"
#include "threads/tasks.h"
#include "trace/json.h"

namespace pprof::internal {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// A trace of `work`, on another thread named "traced", for as long as it takes.
json trace_of(const std::function<void()>& work) {
  std::latch begun(1);
  std::atomic<bool> done{false};
  std::thread thread([&] {
    const ThreadScope scope("traced");
    begun.wait();
    work();
    done = true;
  });
  const auto text = capture_trace_json(std::chrono::seconds(20), [&, first = true]() mutable {
    if (std::exchange(first, false)) begun.count_down();
    return !done;
  });
  thread.join();
  return json::parse(text);
}

json events_named(const json& trace, std::string_view name) {
  json found = json::array();
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("name") == name) found.push_back(event);
  }
  return found;
}

TEST(Trace, SpansHaveTimesThreadNamesAndLabels) {
  const json trace = trace_of([] {
    const LabelScope label("route", "/a");
    const TraceSpan span("work", "test");
    std::this_thread::sleep_for(milliseconds(5));
  });
  const json spans = events_named(trace, "work");
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].at("ph"), "X");
  EXPECT_EQ(spans[0].at("cat"), "test");
  EXPECT_GE(spans[0].at("ts").get<double>(), 0);
  EXPECT_GE(spans[0].at("dur").get<double>(), 5000);
  EXPECT_EQ(spans[0].at("args"), (json{{"route", "/a"}}));
  const json names = events_named(trace, "thread_name");
  const auto named = std::ranges::find_if(
      names, [&](const json& event) { return event.at("tid") == spans[0].at("tid"); });
  ASSERT_NE(named, names.end());
  EXPECT_EQ(named->at("args").at("name"), "traced");
}

TEST(Trace, TakesNullForEmptyText) {
  const json trace = trace_of([] { const TraceSpan span(nullptr, nullptr); });
  const json spans = events_named(trace, "");
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].at("cat"), "");
}

TEST(Trace, NamesThreadsThatHaveEnded) {
  const json trace = trace_of([] {
    std::thread([] {
      const ThreadScope scope("short-lived");
      const TraceSpan span("last words");
    }).join();
  });
  EXPECT_NE(trace.dump().find("short-lived"), std::string::npos);
}

TEST(Trace, ShowsWaitsForAMutex) {
  const json trace = trace_of([] {
    Mutex mutex;
    std::atomic<pid_t> tid{0};
    std::unique_lock lock(mutex);
    std::thread waiter([&] {
      tid = current_tid();
      const std::lock_guard inner(mutex);
    });
    testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); });
    std::this_thread::sleep_for(milliseconds(5));
    lock.unlock();
    waiter.join();
  });
  const json waits = events_named(trace, "Mutex wait");
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_EQ(waits[0].at("cat"), "lock");
  EXPECT_GE(waits[0].at("dur").get<double>(), 5000);
}

// Such spans do reach the buffer: a wait for a lock is timed whether a trace runs or not, and a
// TraceSpan that a trace has timed may end in the next one.
TEST(Trace, LeavesOutSpansThatBeganBeforeIt) {
  const RecordingStart before = start_recording();
  auto span = std::make_unique<TraceSpan>("from the trace before");
  stop_recording(before);
  Mutex mutex;
  std::unique_lock lock(mutex);
  std::atomic<pid_t> tid{0};
  std::thread waiter([&] {
    tid = current_tid();
    const std::lock_guard inner(mutex);
  });
  ASSERT_TRUE(testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); }));
  const std::int64_t start_ns = trace_now_ns();
  const RecordingStart start = start_recording();
  lock.unlock();
  waiter.join();
  span.reset();
  { const TraceSpan inside("inside"); }
  const Recording recording = stop_recording(start);
  ASSERT_EQ(recording.spans.size(), 3U);
  const json trace = json::parse(trace_json(recording, start_ns, milliseconds(1)));
  EXPECT_TRUE(events_named(trace, "from the trace before").empty());
  EXPECT_TRUE(events_named(trace, "Mutex wait").empty());
  EXPECT_EQ(events_named(trace, "inside").size(), 1U);
}

TEST(Trace, TracesThatOverlapHaveWindowsOfTheirOwn) {
  const auto emit = [](const char* name) { const TraceSpan span(name); };
  json inner;
  const json outer = trace_of([&] {
    emit("before");
    inner = trace_of([&] { emit("in both"); });
    emit("after");
  });
  for (const char* const name : {"before", "in both", "after"}) {
    EXPECT_EQ(events_named(outer, name).size(), 1U) << name;
    EXPECT_EQ(events_named(inner, name).size(), name == std::string("in both") ? 1U : 0U) << name;
  }
}

TEST(Trace, ALaterOneCountsItsOwnLostSpans) {
  const auto emit = [](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) trace_emit("span", "test", 1, 2);
  };
  const RecordingStart first = start_recording();
  emit(kMaxSpans - 1);
  const RecordingStart second = start_recording();
  emit(3);
  const RecordingStart third = start_recording();
  emit(4);
  for (const auto& [start, kept, dropped] :
       {std::tuple(second, 1U, 6U), std::tuple(third, 0U, 4U)}) {
    const Recording recording = stop_recording(start);
    EXPECT_EQ(recording.spans.size(), kept);
    EXPECT_EQ(recording.dropped, dropped);
  }
  EXPECT_EQ(stop_recording(first).spans.size(), kMaxSpans);
}

TEST(Trace, CountsSpansBeyondTheBuffer) {
  const RecordingStart start = start_recording();
  for (std::size_t i = 0; i < kMaxSpans + 10; ++i) trace_emit("span", "test", 1, 2);
  Recording recording = stop_recording(start);
  EXPECT_EQ(recording.spans.size(), kMaxSpans);
  EXPECT_EQ(recording.dropped, 10U);
  recording.spans.resize(1);
  const json trace = json::parse(trace_json(recording, 0, milliseconds(1)));
  EXPECT_EQ(trace.at("otherData").at("dropped_spans"), 10);
  EXPECT_EQ(events_named(trace, "10 spans dropped").size(), 1U);
}

TEST(Trace, AChildForkedDuringItDoesNotHang) {
  const RecordingStart start = start_recording();
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&done] {
      for (int i = 0; !done; ++i) {
        const std::string number = std::to_string(i % 4000);
        const LabelScope label("number", number.c_str());
        trace_emit("span", "test", 1, 2);
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(5);  // ends it if it hangs
      const LabelScope label("number", "child");
      trace_emit("span", "test", 1, 2);
      _exit(trace_running ? 1 : 0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    if (status != 0) break;
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  stop_recording(start);
}

TEST(Trace, CountsLabelsBeyondTheTable) {
  constexpr int kTooMany = 5000;
  const auto emit_all = [] {
    const RecordingStart start = start_recording();
    for (int i = 0; i < kTooMany; ++i) {
      const std::string number = std::to_string(i);
      const LabelScope label("too many", number.c_str());
      trace_emit("span", "test", 1, 2);
    }
    return stop_recording(start);
  };
  emit_all();
  const Recording recording = emit_all();  // the table is full from the start
  const auto unlabelled =
      static_cast<std::uint64_t>(std::ranges::count(recording.spans, nullptr, &Span::labels));
  EXPECT_EQ(recording.spans.size(), std::size_t{kTooMany});
  EXPECT_GT(unlabelled, 0U);
  EXPECT_LT(unlabelled, std::uint64_t{kTooMany}) << "sets that are in the table are found there";
  EXPECT_EQ(recording.spans_without_labels, unlabelled);
  const json trace = json::parse(trace_json(recording, 0, milliseconds(1)));
  EXPECT_EQ(trace.at("otherData").at("spans_without_labels"), unlabelled);
}

TEST(Trace, SpansOfManyThreadsAreAllThere) {
  constexpr int kThreads = 4;
  constexpr int kSpans = 2000;
  const json trace = trace_of([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < kSpans; ++i) const TraceSpan span("many");
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_EQ(events_named(trace, "many").size(), std::size_t{kThreads * kSpans});
}

TEST(TraceJson, EscapesTextAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
  EXPECT_EQ(json_string("\xC3\xA9 \xF0\x9F\x8E\x89"), "\"\xC3\xA9 \xF0\x9F\x8E\x89\"");
  for (const char* bad : {"\xC3", "\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_TRUE(json::accept(json_string(bad))) << json_string(bad);
  }
}

}  // namespace
}  // namespace pprof::internal
