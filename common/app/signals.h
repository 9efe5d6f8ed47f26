// SIGTERM, SIGINT and SIGHUP as events of one waiting thread, instead of handlers that may hardly
// do anything. Used by run_app.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>

namespace service {

// Construct it before any thread starts: threads inherit the mask that blocks the signals
// elsewhere.
class StopSignals {
 public:
  enum Event { kTimeout, kReopen, kStop };

  StopSignals();

  // Waits for the next signal, at most `timeout`. After kStop a second SIGINT or SIGTERM ends the
  // process at once, and SIGHUP does nothing.
  Event wait_for(std::chrono::milliseconds timeout);

  // As if SIGTERM had come, from any thread. Does nothing after a stop was asked for.
  void request_stop();

 private:
  sigset_t signals_;
  std::atomic<bool> stop_requested_{false};
};

}  // namespace service
