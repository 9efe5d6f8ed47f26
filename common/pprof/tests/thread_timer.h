// A timer that sends a signal to the thread that made it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>

namespace pprof::testing {

// Sends `signal` to the calling thread each time that `clock` has gone on by `interval`, until the
// end of the scope.
class ThreadTimer {
 public:
  ThreadTimer(clockid_t clock, int signal, std::chrono::nanoseconds interval) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event._sigev_un._tid = gettid();
    EXPECT_EQ(timer_create(clock, &event, &timer_), 0);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(interval);
    const timespec time{seconds.count(), (interval - seconds).count()};
    const itimerspec each_time{time, time};
    EXPECT_EQ(timer_settime(timer_, 0, &each_time, nullptr), 0);
  }
  ~ThreadTimer() { timer_delete(timer_); }
  ThreadTimer(const ThreadTimer&) = delete;
  ThreadTimer& operator=(const ThreadTimer&) = delete;

 private:
  timer_t timer_{};
};

}  // namespace pprof::testing
