// A thread that no signal reaches.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <latch>
#include <thread>

#include "pprof/thread.h"
#include "threads/interrupt.h"

namespace pprof::testing {

// Named "deaf"; blocks all signals until the end of the scope, and demands then that it was sent
// none of ours.
class DeafThread {
 public:
  DeafThread() : thread_([this] { run(); }) { blocked_.wait(); }
  ~DeafThread() {
    release_.count_down();
    thread_.join();
  }
  DeafThread(const DeafThread&) = delete;
  DeafThread& operator=(const DeafThread&) = delete;

 private:
  void run() {
    const ThreadScope scope("deaf");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    blocked_.count_down();
    release_.wait();
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, internal::capture_signal()), 0) << "it might be waited for";
  }

  std::latch blocked_{1};
  std::latch release_{1};
  std::thread thread_;
};

}  // namespace pprof::testing
