// Stacks of all threads: who is found, who is reported as silent, what the application notices.
#include "threads/threads.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <memory>
#include <thread>

#include "capture_helpers.h"
#include "deaf_thread.h"
#include "pprof/label.h"
#include "pprof/thread.h"
#include "refuse_syscall.h"
#include "threads/interrupt.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using testing::eventually;
using testing::is_asleep;
using testing::stack_has;

extern "C" [[gnu::noinline]] void park_in_a_known_function(std::latch* release) {
  release->wait();
  asm volatile("");  // no tail call
}

// A thread that sleeps in park_in_a_known_function() until the end of the scope.
class ParkedThread {
 public:
  explicit ParkedThread(std::string name)
      : thread_([this, name = std::move(name)] {
          const ThreadScope scope(name.c_str());
          const LabelScope label("role", "parked");
          tid_ = current_tid();
          park_in_a_known_function(&release_);
        }) {
    EXPECT_TRUE(eventually([this] { return tid_ != 0 && is_asleep(tid_); }));
  }
  ~ParkedThread() {
    release_.count_down();
    thread_.join();
  }
  ParkedThread(const ParkedThread&) = delete;
  ParkedThread& operator=(const ParkedThread&) = delete;

 private:
  std::latch release_{1};
  std::atomic<pid_t> tid_{0};
  std::thread thread_;
};

std::size_t count_answers_in(const std::vector<ThreadStack>& threads, std::string_view function) {
  return static_cast<std::size_t>(std::ranges::count_if(threads, [&](const ThreadStack& thread) {
    return thread.silent_because.empty() && stack_has(thread.stack, function);
  }));
}

TEST(Threads, FindsEveryThreadWithItsStackNameAndLabels) {
  NEEDS_SIGNALS_IN_TIME();
  constexpr std::size_t kMoreThanOneBatch = 70;
  std::vector<std::unique_ptr<ParkedThread>> parked;
  for (std::size_t i = 0; i < kMoreThanOneBatch; ++i) {
    parked.push_back(std::make_unique<ParkedThread>("parked-" + std::to_string(i)));
  }
  const std::vector<ThreadStack> threads = capture_threads();
  EXPECT_EQ(count_answers_in(threads, "park_in_a_known_function"), kMoreThanOneBatch);
  const auto last = std::ranges::find(threads, "parked-69", &ThreadStack::name);
  ASSERT_NE(last, threads.end());
  EXPECT_EQ(last->labels, (std::vector<Label>{{"role", "parked"}}));
}

TEST(Threads, StacksReachFromTheSystemCallToTheStartOfTheThread) {
  NEEDS_SIGNALS_IN_TIME();
  const ParkedThread parked("parked");
  const std::vector<ThreadStack> threads = capture_threads();
  const auto found = std::ranges::find(threads, "parked", &ThreadStack::name);
  ASSERT_NE(found, threads.end());
  ASSERT_GE(found->stack.size(), 5U);
  EXPECT_TRUE(stack_has({found->stack.front()}, "syscall")) << "leaf";
  EXPECT_TRUE(stack_has({found->stack.back()}, "clone") ||
              testing::function_at(found->stack.back()).empty());
}

TEST(Threads, IncludesTheCallingThread) {
  const std::vector<ThreadStack> threads = capture_threads();
  const auto self = std::ranges::find(threads, current_tid(), &ThreadStack::tid);
  ASSERT_NE(self, threads.end());
  EXPECT_TRUE(self->silent_because.empty());
}

TEST(Threads, LeavesAThreadThatBlocksTheSignalAlone) {
  const testing::DeafThread thread;
  const std::vector<ThreadStack> threads = capture_threads();  // returns before the release
  const auto deaf = std::ranges::find(threads, "deaf", &ThreadStack::name);
  ASSERT_NE(deaf, threads.end());
  EXPECT_EQ(deaf->silent_because, "blocks signal " + std::to_string(capture_signal()));
  EXPECT_EQ(deaf->stack, std::vector{silent_frame()});
}

TEST(Threads, SurvivesThreadsThatAreBornAndDie) {
  NEEDS_SIGNALS_IN_TIME();
  std::atomic<bool> stop{false};
  std::thread parent([&] {
    while (!stop) {
      std::thread([] {}).join();
    }
  });
  const ParkedThread parked("parked");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(count_answers_in(capture_threads(), "park_in_a_known_function"), 1U);
  }
  stop = true;
  parent.join();
}

TEST(Threads, DoesNotInterruptABlockedRecv) {
  std::array<int, 2> sockets{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()), 0);
  std::atomic<pid_t> tid{0};
  ssize_t received = 0;
  std::thread thread([&] {
    char byte = 0;
    tid = current_tid();
    received = recv(sockets[0], &byte, 1, 0);
  });
  ASSERT_TRUE(eventually([&] { return tid != 0 && is_asleep(tid); }));
  capture_threads();
  EXPECT_EQ(send(sockets[1], "x", 1, 0), 1);
  thread.join();
  EXPECT_EQ(received, 1);
  close(sockets[0]);
  close(sockets[1]);
}

TEST(Threads, ProfileCountsEqualStacksTogether) {
  NEEDS_SIGNALS_IN_TIME();
  const ParkedThread a("twin");
  const ParkedThread b("twin");
  const Profile profile = threads_profile();
  EXPECT_EQ(testing::sum_of(profile, 0, "park_in_a_known_function"), 2);
  const auto twins = std::ranges::find_if(
      profile.samples, [](const Sample& s) { return testing::label_of(s, "thread") == "twin"; });
  ASSERT_NE(twins, profile.samples.end());
  EXPECT_EQ(twins->values, std::vector<std::int64_t>{2});
}

TEST(ThreadsDeathTest, SayWhyTheSignalCannotBeSent) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!testing::refuse_syscall(SYS_rt_tgsigqueueinfo)) std::_Exit(2);
        const Profile profile = threads_profile();
        for (const Sample& sample : profile.samples) {
          std::fprintf(stderr, "%s\n", testing::label_of(sample, "silent").c_str());
        }
        std::fprintf(stderr, "%s\n", profile.comments.at(0).c_str());
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0),
      "signal 23 cannot be sent: Operation not permitted\n.*threads did not answer");
}

TEST(ThreadsDeathTest, AMainThreadThatHasEndedIsNoThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::thread([] {
          const auto main_is_gone = [](const auto& threads, auto tid_of) {
            return std::ranges::find(threads, getpid(), tid_of) == threads.end();
          };
          const bool gone_from_list =
              eventually([&] { return main_is_gone(list_threads(), std::identity{}); });
          const bool gone_from_capture = main_is_gone(capture_threads(), &ThreadStack::tid);
          std::_Exit(gone_from_list && gone_from_capture && !is_alive(getpid()) ? 0 : 1);
        }).detach();
        syscall(SYS_exit, 0);  // what pthread_exit() does in the end
      },
      ::testing::ExitedWithCode(0), "");
}

volatile std::sig_atomic_t foreign_signals = 0;

TEST(ThreadsDeathTest, PassesForeignSignalsOnToTheHandlerThatWasThereBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process whose handler is not installed yet
  EXPECT_EXIT(
      {
        std::signal(capture_signal(), [](int) { foreign_signals = foreign_signals + 1; });
        capture_threads();
        const bool ours_kept_apart = foreign_signals == 0;
        std::raise(capture_signal());
        std::_Exit(ours_kept_apart && foreign_signals == 1 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pprof::internal
