// The slow paths of pprof::Mutex and pprof::ConditionVariable; see mutex.h and contention.h.
//
// At unlock the holder must know how long others have waited during its hold. `waiting_` holds the
// number of waiters n in 15 bits and the sum s of the times since which they wait in the lower 47,
// modulo 2^47 ns (39 hours). At time t they have waited n * t - s. That sum is charged to the
// holder at unlock, and all then count as waiting since t, for the next holder. The upper 2 bits
// tell the process: a child of fork() has none of the waiters that its parent has.
#include "pprof/mutex.h"

#include <algorithm>

#include "contention/contention.h"
#include "pprof/trace.h"

namespace pprof {
namespace {

constexpr unsigned kSumBits = 47;
constexpr unsigned kProcessAt = 62;
constexpr std::uint64_t kOneWaiter = std::uint64_t{1} << kSumBits;
constexpr std::uint64_t kSumMask = kOneWaiter - 1;

std::uint64_t process() noexcept {
  return internal::forks_before.load(std::memory_order_relaxed) << kProcessAt;
}

std::uint64_t pack(std::uint64_t waiters, std::uint64_t sum) noexcept {
  return waiters == 0 ? 0 : process() | waiters << kSumBits | (sum & kSumMask);
}

std::uint64_t waiters_in(std::uint64_t state) noexcept {
  const bool is_of_parent = state >> kProcessAt << kProcessAt != process();
  return is_of_parent ? 0 : (state ^ process()) >> kSumBits;
}

std::uint64_t sum_in(std::uint64_t state) noexcept {
  return waiters_in(state) == 0 ? 0 : state & kSumMask;
}

// Nanoseconds this thread has spent in lock_contended(), so that a condition wait can leave them
// out: they have been charged already.
constinit thread_local std::int64_t mutex_wait_ns = 0;

void trace_wait(const char* name, std::int64_t start_ns, std::int64_t end_ns) noexcept {
  if (internal::trace_running.load(std::memory_order_relaxed)) {
    internal::trace_emit(name, "lock", start_ns, end_ns);
  }
}

// Charges the time of `wait` on a condition to whom it returns to, without that for the mutex.
template <class Wait>
void charge_wait(const void* return_address, Wait wait) {
  const std::int64_t start_ns = internal::trace_now_ns();
  const std::int64_t charged_before_ns = mutex_wait_ns;
  wait();
  const std::int64_t end_ns = internal::trace_now_ns();
  internal::record_block(end_ns - start_ns - (mutex_wait_ns - charged_before_ns), return_address);
  trace_wait("ConditionVariable wait", start_ns, end_ns);
}

}  // namespace

void Mutex::lock_contended() {
  const std::int64_t start_ns = internal::trace_now_ns();
  std::uint64_t state = waiting_.load(std::memory_order_relaxed);
  while (!waiting_.compare_exchange_weak(
      state, pack(waiters_in(state) + 1, sum_in(state) + static_cast<std::uint64_t>(start_ns)),
      std::memory_order_relaxed)) {
  }
  mutex_.lock();
  const std::int64_t end_ns = internal::trace_now_ns();
  const auto since = static_cast<std::uint64_t>(std::max(start_ns, charged_until_ns_));
  state = waiting_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = pack(waiters_in(state) - 1, sum_in(state) - since);
  } while (!waiting_.compare_exchange_weak(state, next, std::memory_order_relaxed));
  mutex_wait_ns += end_ns - start_ns;
  internal::record_block(end_ns - start_ns, __builtin_return_address(0));
  trace_wait("Mutex wait", start_ns, end_ns);
}

void Mutex::unlock_contended() {
  const std::int64_t now_ns = internal::trace_now_ns();
  const auto now = static_cast<std::uint64_t>(now_ns);
  std::uint64_t state = waiting_.load(std::memory_order_relaxed);
  while (!waiting_.compare_exchange_weak(state, pack(waiters_in(state), waiters_in(state) * now),
                                         std::memory_order_relaxed)) {
  }
  const std::uint64_t waited_ns = (waiters_in(state) * now - sum_in(state)) & kSumMask;
  charged_until_ns_ = now_ns;
  mutex_.unlock();  // from here on another thread may destroy *this
  // A waiter that read the clock after `now` makes the sum negative, which shows in the top bit.
  if (waited_ns < kOneWaiter / 2) {
    internal::record_mutex(static_cast<std::int64_t>(waited_ns), __builtin_return_address(0));
  }
}

void ConditionVariable::wait(std::unique_lock<Mutex>& lock) {
  charge_wait(__builtin_return_address(0), [&] { condition_.wait(lock); });
}

std::cv_status ConditionVariable::wait_until(std::unique_lock<Mutex>& lock,
                                             std::chrono::steady_clock::time_point deadline) {
  std::cv_status status{};
  charge_wait(__builtin_return_address(0), [&] { status = condition_.wait_until(lock, deadline); });
  return status;
}

}  // namespace pprof
