// What the handlers of SIGPROF and of interrupt.h have in common: what they block, and a mark for
// the test that proves what they do not do. Async-signal-safe.
#pragma once

#include <signal.h>

#include <cstring>

namespace pprof::internal {

// All signals, also the one by which glibc cancels threads: a program's handler, or a cancellation,
// that came in between might never return, and gperftools holds a lock while it calls ours. Faults
// are let through, since a thread that blocks one is killed by it.
inline sigset_t blocked_in_handlers() noexcept {
  sigset_t signals;
  std::memset(&signals, 0xFF, sizeof(signals));  // sigfillset() leaves glibc's own out
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
    sigdelset(&signals, fault);
  }
  return signals;
}

// As long as it lives, is_true() on this thread.
class InsideHandler {
 public:
  InsideHandler() noexcept { inside_ = true; }
  ~InsideHandler() { inside_ = false; }
  InsideHandler(const InsideHandler&) = delete;
  InsideHandler& operator=(const InsideHandler&) = delete;

  static bool is_true() noexcept { return inside_; }

 private:
  static inline constinit thread_local volatile bool inside_ = false;
};

}  // namespace pprof::internal
