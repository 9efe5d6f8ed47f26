// Which signals PPROF_SIGNAL may name, and what becomes of the program's own. Each case is a
// process of its own: it asks once.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "capture_helpers.h"
#include "sanitizers.h"
#include "threads/interrupt.h"
#include "threads/threads.h"

namespace pprof::internal {
namespace {

// Whether PPROF_SIGNAL=text gives this signal, and every thread answers to it.
bool captures_with(const std::string& text, int expected) {
  setenv("PPROF_SIGNAL", text.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const std::vector<ThreadStack> threads = capture_threads();
  return capture_signal() == expected && !threads.empty() &&
         std::ranges::all_of(threads, [](const ThreadStack& thread) {
           return testing::kTsan || thread.silent_because.empty();
         });
}

TEST(Signal, OthersThatHarmNobodyCanBeChosen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const int number : {SIGUSR1, SIGUSR2, SIGURG, SIGWINCH, SIGRTMIN, SIGRTMAX}) {
    EXPECT_EXIT(_exit(captures_with(std::to_string(number), number) ? 0 : 1),
                ::testing::ExitedWithCode(0), "")
        << number;
  }
}

// Faults, what ends a process, what has a meaning of its own, what glibc keeps to itself (32, 33).
TEST(Signal, OthersAreRefusedWithTheRule) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* text : {"1", "2", "4", "7", "8", "9", "11", "15", "17", "19", "27", "32", "33",
                           "65", "0", "-1", "", "x", "12x"}) {
    EXPECT_EXIT(_exit(captures_with(text, SIGURG) ? 0 : 1), ::testing::ExitedWithCode(0),
                "PPROF_SIGNAL=\"" + std::string(text) +
                    "\" is not the number of a signal that can be used: give 10, 12, 23, 28, or "
                    "34 to 64. It stays at 23")
        << text;
  }
}

std::atomic<int> sum_of_queued{0};

void add_queued(int /*number*/, siginfo_t* info, void* /*ucontext*/) {
  sum_of_queued += info->si_value.sival_int;
}

// Whether the program's handler, there before ours, gets what the program queues to itself.
bool passes_on_what_is_queued() {
  struct sigaction action {};
  action.sa_sigaction = add_queued;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGURG, &action, nullptr);
  if (capture_threads().empty()) return false;
  sigval value{};
  value.sival_int = 7;
  sigqueue(getpid(), SIGURG, value);
  return testing::eventually([] { return sum_of_queued == 7; });
}

TEST(Signal, WhatTheProgramQueuesToItselfReachesItsHandler) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(passes_on_what_is_queued() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pprof::internal
