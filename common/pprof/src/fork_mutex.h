// A lock that a thread in fork() holds, so that the child finds what it guards whole. That thread
// may take it again: other handlers of fork() allocate, wait for a pprof::Mutex or name themselves.
// Used wherever the library keeps a table. Thread-safety: as std::mutex.
#pragma once

#include <pthread.h>

#include <atomic>
#include <mutex>

namespace pprof::internal {

class ForkMutex {
 public:
  void lock() {
    if (!is_of_this_fork()) mutex_.lock();
  }
  void unlock() {
    if (!is_of_this_fork()) mutex_.unlock();
  }

  void begin_fork() {
    mutex_.lock();
    forking_ = pthread_self();
  }
  void end_fork() {
    forking_ = 0;
    mutex_.unlock();
  }

 private:
  bool is_of_this_fork() const {
    return forking_.load(std::memory_order_relaxed) == pthread_self();
  }

  std::mutex mutex_;
  std::atomic<pthread_t> forking_{0};
};

inline void do_nothing() {}

// Has each fork() hold `kMutex`, in the child until `kInChild` has been called. To be called once,
// in a constructor that comes before the program's own: what registers first with pthread_atfork()
// is locked last, and a handler of the program may wait for a thread that needs the lock.
template <ForkMutex& kMutex, void (*kInChild)() = do_nothing>
void hold_over_fork() noexcept {
  pthread_atfork([] { kMutex.begin_fork(); }, [] { kMutex.end_fork(); },
                 [] {
                   kInChild();
                   kMutex.end_fork();
                 });
}

}  // namespace pprof::internal
