// A CPU-time timer for every thread of the process, for the duration of one CPU capture.
// Used by cpu_profile(). Thread-safety: one thread calls it, except thread_born().
//
// gperftools can make such timers itself, but only for threads that register, only if an
// environment variable was set before the process started, and they then tick forever. Here the
// capturing thread makes them for all threads, from outside: Linux lets a timer count any thread's
// CPU clock and signal that thread. Signals arrive at gperftools' own SIGPROF handler.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <ctime>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "threads/tasks.h"

namespace pprof::internal {

class ThreadTimers {
 public:
  // Each thread gets SIGPROF once per `period` of its own CPU time.
  explicit ThreadTimers(std::chrono::nanoseconds period);
  ~ThreadTimers();  // stops all timers
  ThreadTimers(const ThreadTimers&) = delete;
  ThreadTimers& operator=(const ThreadTimers&) = delete;

  // Gives threads born since the last call their timer, and drops those of threads that ended.
  // Threads that already have a SIGPROF timer (gperftools' own) are left alone.
  void refresh();
  // What is missing, in sentences: threads that the kernel refused a timer to, at the last try, and
  // why; lists of threads that could not be read.
  std::vector<std::string> gaps() const;

 private:
  friend void thread_born();
  void add(pid_t tid);
  void refuse(pid_t tid, int error);

  std::chrono::nanoseconds period_;
  mutable std::mutex mutex_;  // refresh() against thread_born()
  std::map<pid_t, timer_t> timers_;
  std::minstd_rand random_;
  ThreadLister threads_;
  std::map<pid_t, int> refused_;  // the errno
  std::size_t unread_lists_ = 0;
};

// Gives the calling thread its timer at once if a capture is running; refresh() would see it
// within 50 ms. The hook of ThreadScope during a capture. Any thread; not in a signal handler.
void thread_born();

}  // namespace pprof::internal
