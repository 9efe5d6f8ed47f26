// POSIX timers on other threads' CPU clocks; see thread_timers.h.
#include "cpu/thread_timers.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "cpu/tick.h"
#include "fork_mutex.h"
#include "threads/names.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

// glibc before 2.38 hides the POSIX-like name of this Linux member.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

constinit ForkMutex active_mutex;
ThreadTimers* active_timers = nullptr;  // guarded by active_mutex

// A child of fork() has none of the timers, and not the thread that would refresh them.
void forget_timers() {
  thread_born_hook = nullptr;
  active_timers = nullptr;
}
[[gnu::constructor(102)]] void hold_timers_over_fork() {
  hold_over_fork<active_mutex, forget_timers>();
}

// The clock of another thread's CPU time. Linux: include/linux/posix-timers_types.h,
// the same encoding that pthread_getcpuclockid() uses.
clockid_t cpu_clock_of(pid_t tid) {
  constexpr unsigned kPerThread = 4;
  constexpr unsigned kScheduled = 2;  // precise time, not ticks
  return static_cast<clockid_t>((~static_cast<unsigned>(tid) << 3U) | kPerThread | kScheduled);
}

// Threads that have a SIGPROF timer, ours or another's. Format: proc(5), /proc/pid/timers.
std::set<pid_t> threads_with_timer() {
  constexpr std::string_view kNotify = "notify: signal/tid.";
  std::set<pid_t> tids;
  std::ifstream file("/proc/self/timers");
  const std::string signal = "signal: " + std::to_string(SIGPROF) + "/";
  bool is_profiling = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("signal: ")) is_profiling = line.starts_with(signal);
    if (!is_profiling || !line.starts_with(kNotify)) continue;
    pid_t tid = 0;
    std::from_chars(line.data() + kNotify.size(), line.data() + line.size(), tid);
    tids.insert(tid);
  }
  return tids;
}

timespec to_timespec(std::chrono::nanoseconds time) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return {time.count() / kNanosPerSecond, time.count() % kNanosPerSecond};
}

}  // namespace

ThreadTimers::ThreadTimers(std::chrono::nanoseconds period)
    : period_(period), random_(std::random_device()()) {
  refresh();
  const std::scoped_lock lock(active_mutex);
  active_timers = this;
  thread_born_hook = &thread_born;
}

ThreadTimers::~ThreadTimers() {
  {
    const std::scoped_lock lock(active_mutex);
    thread_born_hook = nullptr;
    active_timers = nullptr;
  }
  for (const auto& [tid, timer] : timers_) timer_delete(timer);
}

void ThreadTimers::refresh() {
  const std::scoped_lock lock(mutex_);
  std::vector<pid_t> tids;
  try {
    tids = threads_.list();
  } catch (const std::system_error&) {  // those that have a timer keep it
    ++unread_lists_;
    return;
  }
  // gperftools makes timers of its own only when this is set.
  const bool may_have_others = getenv("CPUPROFILE_PER_THREAD_TIMERS") != nullptr;  // NOLINT
  const std::set<pid_t> others = may_have_others ? threads_with_timer() : std::set<pid_t>();
  std::erase_if(timers_, [&](const auto& entry) {
    if (std::ranges::find(tids, entry.first) != tids.end()) return false;
    timer_delete(entry.second);
    return true;
  });
  for (const pid_t tid : tids) {
    if (timers_.contains(tid) || others.contains(tid) || keeps_blocking(tid, SIGPROF)) continue;
    add(tid);
  }
}

std::vector<std::string> ThreadTimers::gaps() const {
  const std::scoped_lock lock(mutex_);
  std::map<int, std::size_t> threads_by_error;
  for (const auto& [tid, error] : refused_) ++threads_by_error[error];
  std::vector<std::string> gaps;
  for (const auto& [error, threads] : threads_by_error) {
    gaps.push_back(std::to_string(threads) + " threads not sampled: the kernel refused a timer: " +
                   std::generic_category().message(error) +
                   (error == EAGAIN ? " (RLIMIT_SIGPENDING)" : ""));
  }
  if (unread_lists_ > 0) {
    gaps.push_back(
        "threads that began during the capture may be missing: their list could not be "
        "read " +
        std::to_string(unread_lists_) + " times");
  }
  return gaps;
}

void ThreadTimers::refuse(pid_t tid, int error) {
  const bool has_ended = error == ESRCH || (error == EINVAL && !is_alive(tid));
  if (!has_ended) refused_[tid] = error;
}

void ThreadTimers::add(pid_t tid) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event.sigev_notify_thread_id = tid;
  timer_t timer{};
  if (timer_create(cpu_clock_of(tid), &event, &timer) != 0) return refuse(tid, errno);
  // A random first tick: with a whole period, threads that live shortly would be under-counted.
  std::uniform_int_distribution<std::int64_t> first(1, period_.count());
  const std::chrono::nanoseconds due(first(random_));
  const itimerspec times = {to_timespec(period_), to_timespec(due)};
  if (tid == current_tid()) expect_first_tick(due);
  if (timer_settime(timer, 0, &times, nullptr) != 0) {
    refuse(tid, errno);
    timer_delete(timer);
    return;
  }
  refused_.erase(tid);
  timers_.emplace(tid, timer);
}

// Not ProfilerRegisterThread(): with per-thread timers it allocates while it holds the lock that
// gperftools' signal handler takes. A thread in fork(), which holds tcmalloc's locks, deadlocks
// with it when SIGPROF comes.
void thread_born() {
  const std::scoped_lock lock(active_mutex);
  ThreadTimers* timers = active_timers;
  if (timers == nullptr || getenv("CPUPROFILE_PER_THREAD_TIMERS") != nullptr) return;  // NOLINT
  const std::scoped_lock timers_lock(timers->mutex_);
  if (!timers->timers_.contains(current_tid())) timers->add(current_tid());
}

}  // namespace pprof::internal
