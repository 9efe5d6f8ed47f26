// SIGTERM, SIGINT and SIGHUP as events, instead of handlers that may hardly do anything. A thread
// of its own waits for them, so that they work whatever the others wait for. Used by run_app.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

namespace service {

// Construct it before any other thread starts: threads inherit the mask that blocks the signals
// elsewhere.
class StopSignals {
 public:
  enum Event { kTimeout, kReopen, kStop };

  // From the first SIGINT or SIGTERM on, a second one ends the process at once, and SIGHUP does
  // nothing. If this object is still there `longest_stop` later, the process ends with status 1.
  explicit StopSignals(std::chrono::milliseconds longest_stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits for the next event, at most `timeout`.
  Event wait_for(std::chrono::milliseconds timeout);

  // As if SIGTERM had come, from any thread.
  void request_stop();

 private:
  void run();
  void wake();

  const std::chrono::milliseconds longest_stop_;
  sigset_t signals_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reopen_ = false;
  bool stop_ = false;
  bool leaving_ = false;
  std::thread thread_;
};

}  // namespace service
