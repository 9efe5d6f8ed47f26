// Truth of CPU profiles: samples against the clocks of the threads, never against real time, so
// that a busy machine does not matter.
#include "cpu/cpu.h"

#include <fcntl.h>
#include <gperftools/profiler.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "cpu/thread_timers.h"
#include "cpu/tick.h"
#include "pprof/label.h"
#include "pprof/thread.h"
#include "refuse_syscall.h"
#include "sanitizers.h"
#include "symbolize/symbolizer.h"
#include "thread_timer.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds;

nanoseconds thread_cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

nanoseconds process_cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// Uses this much CPU time of the calling thread.
__attribute__((noinline)) void burn(nanoseconds time) {
  const nanoseconds end = thread_cpu_time() + time;
  volatile double value = 1;
  while (thread_cpu_time() < end) {
    for (int i = 0; i < 1000; ++i) value = std::sqrt(value + i);
  }
}

// The same, and on until the kernel looks at the thread's timers, which fires those that are due.
// A profile lacks what is used after the last look: 11 ticks of 30, once, on a busy machine. The
// CPU time that was used.
nanoseconds burn_until_a_look(nanoseconds time) {
  static thread_local volatile std::sig_atomic_t has_looked;
  has_looked = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { has_looked = 1; };
  sigaction(SIGUSR2, &action, nullptr);
  const nanoseconds start = thread_cpu_time();
  const testing::ThreadTimer timer(CLOCK_THREAD_CPUTIME_ID, SIGUSR2, time);
  while (has_looked == 0) burn(milliseconds(1));
  return thread_cpu_time() - start;
}

// Captures while `work` runs.
Profile profile_during(const std::function<void()>& work) {
  std::latch timers_run(1);  // those of threads that exist
  std::atomic<bool> done{false};
  Profile profile;
  std::thread capture([&] {
    profile = cpu_profile(std::chrono::minutes(10), [&, first = true]() mutable {
      if (std::exchange(first, false)) timers_run.count_down();
      return !done;
    });
  });
  timers_run.wait();
  work();
  done = true;
  capture.join();
  return profile;
}

// CPU time of all samples that carry the label.
nanoseconds labelled(const Profile& profile, const std::string& key, const std::string& text) {
  nanoseconds sum{0};
  for (const Sample& sample : profile.samples) {
    for (const Label& label : sample.labels) {
      if (label.key == key && label.text == text) sum += nanoseconds(sample.values.at(1));
    }
  }
  return sum;
}

nanoseconds total(const Profile& profile) {
  nanoseconds sum{0};
  for (const Sample& sample : profile.samples) sum += nanoseconds(sample.values.at(1));
  return sum;
}

double ratio(nanoseconds a, nanoseconds b) {
  return static_cast<double>(a.count()) / static_cast<double>(b.count());
}

}  // namespace

TEST(Cpu, IsAvailable) { EXPECT_EQ(cpu_unavailable_reason(), ""); }

TEST(Cpu, SaysWhySomeoneElsesProfileIsInTheWay) {
  ASSERT_NE(ProfilerStart("/dev/null"), 0);
  EXPECT_NE(cpu_unavailable_reason().find("without CPUPROFILE"), std::string::npos);
  EXPECT_THROW(cpu_profile(milliseconds(1), [] { return true; }), std::runtime_error);
  ProfilerStop();
  EXPECT_EQ(cpu_unavailable_reason(), "");
}

TEST(Cpu, SaysWhoHasTheSignal) {
  struct sigaction saved {};
  struct sigaction other {};
  other.sa_handler = [](int) {};
  sigaction(SIGPROF, &other, &saved);
  EXPECT_NE(cpu_unavailable_reason().find("another part"), std::string::npos);
  other.sa_handler = SIG_DFL;
  sigaction(SIGPROF, &other, nullptr);
  EXPECT_NE(cpu_unavailable_reason().find("CPUPROFILE_REALTIME"), std::string::npos);
  sigaction(SIGPROF, &saved, nullptr);
  EXPECT_EQ(cpu_unavailable_reason(), "");
}

TEST(Cpu, TotalIsTheProcessCpuTime) {
  nanoseconds used{0};
  const Profile profile = profile_during([&used] {
    const nanoseconds before = process_cpu_time();
    std::thread other([] { burn_until_a_look(milliseconds(1500)); });
    burn_until_a_look(milliseconds(1500));
    other.join();
    used = process_cpu_time() - before;
  });
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_NEAR(ratio(total(profile), used), 1, 0.05);
}

TEST(Cpu, TwoEquallyBusyThreadsGetHalfEach) {
  nanoseconds first_used{0};
  nanoseconds second_used{0};
  const auto work = [](const char* name, nanoseconds& used) {
    const ThreadScope scope(name);
    used = burn_until_a_look(milliseconds(1500));
  };
  const Profile profile = profile_during([&] {
    std::thread other(work, "busy-1", std::ref(first_used));
    std::thread(work, "busy-2", std::ref(second_used)).join();
    other.join();
  });
  NEEDS_SIGNALS_IN_TIME();
  const nanoseconds first = labelled(profile, "thread", "busy-1");
  const nanoseconds second = labelled(profile, "thread", "busy-2");
  EXPECT_NEAR(ratio(first, first + second), ratio(first_used, first_used + second_used), 0.03);
}

TEST(Cpu, APartlyBusyThreadGetsItsShare) {
  nanoseconds used{0};
  const Profile profile = profile_during([&used] {
    std::atomic<bool> stop{false};
    std::thread busy([&stop] {
      while (!stop) burn(milliseconds(1));
    });
    std::thread partly([&used] {
      const ThreadScope scope("partly");
      for (int i = 0; i < 200; ++i) {
        burn(milliseconds(5));
        // 15 ms on average, and no rhythm that could keep step with the kernel's ticks.
        std::this_thread::sleep_for(milliseconds(10 + i * 7 % 11));
      }
      burn_until_a_look(milliseconds(1));
      used = thread_cpu_time();
    });
    partly.join();
    stop = true;
    busy.join();
  });
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_NEAR(ratio(labelled(profile, "thread", "partly"), used), 1, 0.10);
}

TEST(Cpu, CapturesThatOverlapHaveWindowsOfTheirOwn) {
  const auto work = [](const char* part) {
    const LabelScope label("part", part);
    burn(milliseconds(300));
  };
  Profile inner;
  const Profile outer = profile_during([&] {
    work("before");
    inner = profile_during([&] { work("in both"); });
    work("after");
  });
  for (const char* const part : {"before", "after"}) {
    EXPECT_EQ(labelled(inner, "part", part), nanoseconds(0)) << part;
  }
  EXPECT_EQ(labelled(inner, "part", "in both"), labelled(outer, "part", "in both"));
  NEEDS_SIGNALS_IN_TIME();
  for (const char* const part : {"before", "in both", "after"}) {
    EXPECT_GT(labelled(outer, "part", part), nanoseconds(0)) << part;
  }
}

// Each of these might never return to the handler, which runs with gperftools' lock.
TEST(Cpu, NoOtherHandlerAndNoCancellationInterruptsThatOfATick) {
  constexpr int kCancellation = 32;
  struct sigaction action {};
  profile_during([&action] { sigaction(SIGPROF, nullptr, &action); });
  for (const int number : {SIGALRM, SIGURG, SIGTERM, kCancellation, SIGRTMIN, SIGRTMAX}) {
    EXPECT_EQ(sigismember(&action.sa_mask, number), 1) << number;
  }
  EXPECT_EQ(sigismember(&action.sa_mask, SIGSEGV), 0);
}

TEST(Cpu, AThreadBornDuringTheCaptureIsSeen) {
  nanoseconds used{0};
  const Profile profile = profile_during([&used] {
    std::thread named([&used] {
      const ThreadScope scope("born-named");
      used = burn_until_a_look(milliseconds(500));
    });
    std::thread unnamed([] {
      pthread_setname_np(pthread_self(), "born-unnamed");
      burn(milliseconds(500));
    });
    named.join();
    unnamed.join();
  });
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_NEAR(ratio(labelled(profile, "thread", "born-named"), used), 1, 0.10);
  EXPECT_GT(labelled(profile, "thread", "born-unnamed"), milliseconds(0));
}

// CPU time of threads that use `each`, one after the other, and how much of it the profile has.
double share_seen_of_threads(const char* name, int count, nanoseconds each) {
  nanoseconds used{0};
  const Profile profile = profile_during([&] {
    for (int i = 0; i < count; ++i) {
      std::thread([&] {
        const ThreadScope scope(name);
        burn(each);
        used += thread_cpu_time();
      }).join();
    }
  });
  return ratio(labelled(profile, "thread", name), used);
}

// Whether /proc/self/timers has one of this thread's; see thread_timers.cpp.
bool has_timer(pid_t tid) {
  std::ifstream file("/proc/self/timers");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.find("notify: signal/tid." + std::to_string(tid) + "\n") != std::string::npos;
}

TEST(Cpu, ANamedThreadHasItsTimerFromItsStart) {
  profile_during([] {
    for (int i = 0; i < 20; ++i) {
      std::thread([] {
        const ThreadScope scope("born-named");
        EXPECT_TRUE(has_timer(current_tid()));
      }).join();
    }
  });
}

// What a thread uses after the kernel's last look at its timers is lost: 2 ms on average at 250 Hz,
// more where a virtual machine is made to wait or a thread for its turn. So the lower limits are
// wide: 0.42 to 0.95 and 0.25 to 0.65 were seen. A first tick after a whole period would leave
// nothing of the second.
TEST(Cpu, ShortLivedThreadsAreNotUndercounted) {
  const double three_periods = share_seen_of_threads("three-periods", 60, milliseconds(30));
  const double half_a_period = share_seen_of_threads("half-a-period", 200, milliseconds(5));
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_GT(three_periods, 0.2);
  EXPECT_LT(three_periods, 1.1);
  EXPECT_GT(half_a_period, 0.02);
  EXPECT_LT(half_a_period, 1.2);
}

TEST(Cpu, LabelsSplitTheTimeOfAThread) {
  nanoseconds slow_used{0};
  nanoseconds fast_used{0};
  const Profile profile = profile_during([&] {
    std::thread worker([&] {
      {
        const LabelScope route("route", "/slow");
        slow_used = burn_until_a_look(milliseconds(900));
      }
      const LabelScope route("route", "/fast");
      fast_used = burn_until_a_look(milliseconds(300));
    });
    worker.join();
  });
  NEEDS_SIGNALS_IN_TIME();
  const nanoseconds slow = labelled(profile, "route", "/slow");
  const nanoseconds fast = labelled(profile, "route", "/fast");
  EXPECT_NEAR(ratio(slow, slow + fast), ratio(slow_used, slow_used + fast_used), 0.05);
}

TEST(Cpu, EverySampleReachesTheStartOfItsThread) {
  const Profile profile = profile_during([] {
    std::thread worker([] { burn(milliseconds(500)); });
    worker.join();
  });
  NEEDS_SIGNALS_IN_TIME();
  ASSERT_FALSE(profile.samples.empty());
  for (const Sample& sample : profile.samples) {
    ASSERT_FALSE(sample.stack.empty());
    const std::string outermost = Symbolizer::instance().name_of(sample.stack.back());
    EXPECT_TRUE(outermost.find("clone") != std::string::npos || outermost == "_start") << outermost;
  }
}

TEST(Cpu, StopsSoonWhenNobodyWantsTheProfile) {
  cpu_profile(std::chrono::hours(1), [] { return false; });
}

// 0, but tsan has a thread of its own that blocks every signal.
std::size_t threads_that_block() {
  const auto threads = list_threads();
  return static_cast<std::size_t>(
      std::ranges::count_if(threads, [](pid_t tid) { return blocks_signal(tid, SIGPROF); }));
}

TEST(Cpu, CountsEachThreadWithoutATimerOnce) {
  rlimit saved{};
  ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &saved), 0);
  const rlimit none{0, saved.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
  const Profile profile = cpu_profile(milliseconds(300), [] { return true; });
  setrlimit(RLIMIT_SIGPENDING, &saved);
  const auto threads = std::to_string(list_threads().size() - threads_that_block());
  ASSERT_EQ(profile.comments.size(), threads_that_block() == 0 ? 1U : 2U);
  EXPECT_TRUE(profile.comments[0].starts_with(threads + " threads not sampled"))
      << profile.comments[0];
  EXPECT_NE(profile.comments[0].find("RLIMIT_SIGPENDING"), std::string::npos);
}

// Whatever the reason is: a seccomp profile, here.
TEST(CpuDeathTest, SaysWhyTheKernelRefusesTimers) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!pprof::testing::refuse_syscall(SYS_timer_create)) std::_Exit(2);
        std::atomic<bool> done{false};
        std::thread busy([&done] {
          burn(milliseconds(500));
          done = true;
        });
        for (const std::string& comment :
             cpu_profile(std::chrono::minutes(1), [&done] { return !done; }).comments) {
          std::fprintf(stderr, "%s\n", comment.c_str());
        }
        busy.join();
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0),
      std::string(
          "[0-9]+ threads not sampled: the kernel refused a timer: Operation not permitted\n") +
          // tsan's own thread, which blocks the signal, comes between
          (pprof::testing::kTsan ? "" : "the samples are of 0 ms out of [0-9]+ ms of CPU time"));
}

// gperftools insists on a file: nothing is written to it, but it must open.
TEST(CpuDeathTest, SaysThatGperftoolsCannotOpenItsFile) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!pprof::testing::refuse_syscall_with(SYS_openat, O_TRUNC)) std::_Exit(2);
        try {
          cpu_profile(milliseconds(1), [] { return true; });
        } catch (const std::runtime_error& error) {
          std::fprintf(stderr, "%s\n", error.what());
          std::_Exit(0);
        }
        std::_Exit(1);
      },
      ::testing::ExitedWithCode(0), "gperftools cannot write to /dev/null, which stands for");
}

// With none left, nothing can be opened, the list of threads included.
TEST(Cpu, FileDescriptorsThatRunOutCostNothing) {
  if (!pprof::testing::kHasHeap) GTEST_SKIP() << "the sanitizers' own checks need descriptors";
  rlimit saved{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &saved), 0);
  nanoseconds used{0};
  const Profile profile = profile_during([&] {
    const rlimit none{0, saved.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    std::thread busy([&used] {
      pthread_setname_np(pthread_self(), "without-files");
      burn(milliseconds(1000));
      used = thread_cpu_time();
    });
    busy.join();
    setrlimit(RLIMIT_NOFILE, &saved);
  });
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_GT(ratio(total(profile), used), 0.7);
  EXPECT_EQ(labelled(profile, "thread", "(ended)"), nanoseconds(0));
}

TEST(Cpu, SaysThatThreadsBlockTheSignal) {
  if (!pprof::testing::kTsan) ASSERT_EQ(threads_that_block(), 0U);
  const std::size_t expected = threads_that_block() + 1;
  sigset_t all;
  sigset_t saved;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &saved);
  std::atomic<bool> done{false};
  std::thread blocking([&] {
    while (!done) burn(milliseconds(1));
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPROF), 0) << "it might be waited for";
  });
  pthread_sigmask(SIG_SETMASK, &saved, nullptr);
  const Profile profile = cpu_profile(milliseconds(100), [] { return true; });
  done = true;
  blocking.join();
  ASSERT_FALSE(profile.comments.empty());
  // tsan's own thread also works: then a second comment says how much is without samples.
  if (!pprof::testing::kTsan) EXPECT_EQ(profile.comments.size(), 1U);
  EXPECT_EQ(profile.comments[0],
            std::to_string(expected) + " threads not sampled: they block SIGPROF");
}

TEST(Cpu, ThreadsOfAForkedChildHaveNoTimersToWaitFor) {
  ThreadTimers timers(std::chrono::hours(1));
  std::atomic<bool> done{false};
  std::thread refreshing([&] {
    while (!done) timers.refresh();  // holds its lock nearly all the time
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);  // ends it if it hangs
      const ThreadScope in_child("child");
      _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    if (status != 0) break;
  }
  done = true;
  refreshing.join();
}

TEST(Cpu, SaysHowManySamplesWereLost) {
  constexpr int kMoreThanFit = 1500;
  const Profile profile = cpu_profile(std::chrono::minutes(1), [] {
    for (int i = 0; i < kMoreThanFit; ++i) std::raise(SIGPROF);  // nobody takes them out meanwhile
    return false;
  });
  EXPECT_TRUE(std::ranges::any_of(profile.comments, [](const std::string& comment) {
    return comment.ends_with(" samples lost: buffer full");
  }));
}

TEST(Cpu, AChildForkedDuringACaptureIsToldWhyItCannotCapture) {
  int status = -1;
  cpu_profile(std::chrono::minutes(1), [&status] {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);  // ends it if it hangs
      try {
        cpu_profile(milliseconds(1), [] { return true; });
      } catch (const std::runtime_error& error) {
        _exit(std::string(error.what()).starts_with("this process was forked while") ? 0 : 1);
      }
      _exit(2);
    }
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return false;
  });
  EXPECT_EQ(status, 0);
}

TEST(Cpu, LeavesNoTimerBehind) {
  cpu_profile(milliseconds(100), [] { return true; });
  itimerval process_wide{};
  getitimer(ITIMER_PROF, &process_wide);
  EXPECT_EQ(process_wide.it_value.tv_sec + process_wide.it_value.tv_usec, 0);
  std::ifstream timers("/proc/self/timers");
  EXPECT_EQ(timers.peek(), std::ifstream::traits_type::eof());
}

}  // namespace pprof::internal
