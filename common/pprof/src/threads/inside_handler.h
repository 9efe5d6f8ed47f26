// Marks a thread as inside one of our signal handlers, for the test that proves what these do not
// do. Used by the handlers of SIGPROF and of interrupt.h. Async-signal-safe.
#pragma once

namespace pprof::internal {

// As long as it lives, is_true() on this thread. They nest: one handler may interrupt the other.
class InsideHandler {
 public:
  InsideHandler() noexcept : before_(inside_) { inside_ = true; }
  ~InsideHandler() { inside_ = before_; }
  InsideHandler(const InsideHandler&) = delete;
  InsideHandler& operator=(const InsideHandler&) = delete;

  static bool is_true() noexcept { return inside_; }

 private:
  static inline constinit thread_local volatile bool inside_ = false;
  bool before_;
};

}  // namespace pprof::internal
