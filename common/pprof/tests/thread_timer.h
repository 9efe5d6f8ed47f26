// A timer that sends a signal to the thread that made it.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <system_error>

namespace pprof::testing {

// Sends `signal` to the calling thread each time that `clock` has gone on by `interval`, until the
// end of the scope. Throws std::system_error if it cannot: who waits for the signal would hang.
class ThreadTimer {
 public:
  ThreadTimer(clockid_t clock, int signal, std::chrono::nanoseconds interval) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event._sigev_un._tid = gettid();
    if (timer_create(clock, &event, &timer_) != 0) fail("timer_create");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(interval);
    const timespec time{seconds.count(), (interval - seconds).count()};
    const itimerspec each_time{time, time};
    if (timer_settime(timer_, 0, &each_time, nullptr) != 0) fail("timer_settime");
  }
  ~ThreadTimer() { timer_delete(timer_); }
  ThreadTimer(const ThreadTimer&) = delete;
  ThreadTimer& operator=(const ThreadTimer&) = delete;

 private:
  [[noreturn]] static void fail(const char* call) {
    throw std::system_error(errno, std::generic_category(), call);
  }

  timer_t timer_{};
};

}  // namespace pprof::testing
