// Mutex and condition variable that record who waits and who makes others wait.
// Used by a service in place of std::mutex and std::condition_variable; read by the block and
// mutex profiles and by the trace. Thread-safety: as the standard types.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "pprof/version.h"

namespace pprof {

// A std::mutex (lock, unlock, try_lock: also with lock_guard, unique_lock, scoped_lock).
// The rule is Go's: a lock() that waits charges the wait to its own stack in the block profile;
// the unlock() that ends it charges the same time to its stack in the mutex profile, once for each
// thread that waited. Without contention it costs a std::mutex and one relaxed load.
// Waits under 10 us are sampled in proportion to their length and scaled up, so that totals hold.
class [[gnu::visibility("default")]] Mutex {
 public:
  Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    if (!mutex_.try_lock()) [[unlikely]] {
      lock_contended();
    }
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() {
    if (waiting_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      unlock_contended();
    } else {
      mutex_.unlock();
    }
  }

 private:
  void lock_contended();
  void unlock_contended();

  std::mutex mutex_;
  // Threads in lock_contended() and the sum of the times since which they wait: see
  // contention/mutex.cpp.
  std::atomic<std::uint64_t> waiting_{0};
  std::int64_t charged_until_ns_ = 0;  // guarded by mutex_
};

// A std::condition_variable for unique_lock<pprof::Mutex>. A wait is charged to the waiter in the
// block profile, like a Go channel's; the time to get the mutex back is charged by Mutex itself.
class [[gnu::visibility("default")]] ConditionVariable {
 public:
  ConditionVariable() = default;
  ConditionVariable(const ConditionVariable&) = delete;
  ConditionVariable& operator=(const ConditionVariable&) = delete;

  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

  void wait(std::unique_lock<Mutex> & lock);

  template <class Predicate>
  void wait(std::unique_lock<Mutex> & lock, Predicate ready) {
    while (!ready()) wait(lock);
  }

  std::cv_status wait_until(std::unique_lock<Mutex> & lock,
                            std::chrono::steady_clock::time_point deadline);

  // Other clocks: as the standard's, a wait for the remaining time, then a look at the clock.
  template <class Clock, class Duration>
  std::cv_status wait_until(std::unique_lock<Mutex> & lock,
                            const std::chrono::time_point<Clock, Duration>& deadline) {
    wait_for(lock, deadline - Clock::now());
    return Clock::now() < deadline ? std::cv_status::no_timeout : std::cv_status::timeout;
  }

  template <class Clock, class Duration, class Predicate>
  bool wait_until(std::unique_lock<Mutex> & lock,
                  const std::chrono::time_point<Clock, Duration>& deadline, Predicate ready) {
    while (!ready()) {
      if (wait_until(lock, deadline) == std::cv_status::timeout) return ready();
    }
    return true;
  }

  template <class Rep, class Period>
  std::cv_status wait_for(std::unique_lock<Mutex> & lock,
                          const std::chrono::duration<Rep, Period>& time) {
    return wait_until(lock, steady_deadline(time));
  }

  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<Mutex> & lock, const std::chrono::duration<Rep, Period>& time,
                Predicate ready) {
    return wait_until(lock, steady_deadline(time), std::move(ready));
  }

 private:
  template <class Rep, class Period>
  static std::chrono::steady_clock::time_point steady_deadline(
      const std::chrono::duration<Rep, Period>& time) {
    return std::chrono::steady_clock::now() +
           std::chrono::ceil<std::chrono::steady_clock::duration>(time);
  }

  std::condition_variable_any condition_;
};

}  // namespace pprof
