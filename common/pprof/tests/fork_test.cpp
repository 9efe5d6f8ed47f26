// What a program does in its own handlers of fork() may be recorded.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>

#include "capture_helpers.h"
#include "contention/contention.h"
#include "pprof/label.h"
#include "pprof/mutex.h"
#include "pprof/thread.h"
#include "pprof/trace.h"
#include "threads/names.h"
#include "threads/tasks.h"
#include "trace/recorder.h"

namespace pprof::internal {
namespace {

// Registered before the library's own, so that these are called first and hold all locks.
void (*in_handler)() = nullptr;
[[gnu::constructor(101)]] void register_first() {
  pthread_atfork(
      [] {
        if (in_handler != nullptr) in_handler();
      },
      nullptr, nullptr);
}

void fork_with(void (*handler)()) {
  alarm(60);  // a thread that waits for itself fails the test instead of hanging it
  in_handler = handler;
  const pid_t child = fork();
  in_handler = nullptr;
  if (child == 0) _exit(0);
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  alarm(0);
  EXPECT_EQ(status, 0);
}

TEST(Fork, AHandlerMayWaitForAMutex) {
  static Mutex mutex;
  static std::atomic<int> forking{0};
  static std::atomic<bool> is_held{false};
  block_profile();
  forking = 0;
  is_held = false;
  std::thread holder([] {
    const std::lock_guard lock(mutex);
    is_held = true;
    EXPECT_TRUE(testing::eventually([] { return forking != 0 && testing::is_asleep(forking); }));
  });
  while (!is_held) std::this_thread::yield();
  const auto contentions = [] {
    std::int64_t sum = 0;
    for (const Sample& sample : block_profile().samples) sum += sample.values.at(0);
    return sum;
  };
  const std::int64_t before = contentions();
  fork_with([] {
    forking = current_tid();
    const std::lock_guard lock(mutex);
  });
  holder.join();
  EXPECT_GE(contentions(), before + 1);
}

TEST(Fork, AChildHasNoneOfItsParentsWaiters) {
  const auto charged_here = [] { return testing::sum_of(mutex_profile(), 0, "main"); };
  const std::int64_t before = charged_here();
  Mutex mutex;
  mutex.lock();
  std::atomic<pid_t> waiting{0};
  std::thread waiter([&] {
    waiting = current_tid();
    const std::lock_guard lock(mutex);
  });
  EXPECT_TRUE(testing::eventually([&] { return waiting != 0 && testing::is_asleep(waiting); }));
  const pid_t child = fork();
  mutex.unlock();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) const std::lock_guard lock(mutex);
    _exit(charged_here() == before ? 0 : 1);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0) << "it recorded waits";
  waiter.join();
  EXPECT_EQ(charged_here(), before + 1);
}

TEST(Fork, AHandlerMayNameItsThread) {
  thread_name(getpid());
  fork_with([] { const ThreadScope name("forking"); });
}

TEST(Fork, AHandlerMayLeaveASpanWithNewLabels) {
  const RecordingStart start = start_recording();
  fork_with([] {
    const LabelScope label("only", "in a handler of fork()");
    const TraceSpan span("forking");
  });
  const Recording recording = stop_recording(start);
  ASSERT_EQ(recording.spans.size(), 1U);
  EXPECT_EQ(recording.spans.at(0).name, std::string_view("forking"));
}

}  // namespace
}  // namespace pprof::internal
