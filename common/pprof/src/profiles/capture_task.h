// Runs a capture on a thread of its own, and calls it off when nobody wants it any more.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "wanted.h"

namespace pprof::internal {

// A thread of that name, 15 characters at most, which runs `work`. Throws std::runtime_error, with
// the remedy, if the system gives no thread.
std::thread start_thread(const char* name, std::function<void()> work);

class CaptureTask {
 public:
  using Work = std::function<std::string(const Wanted&)>;

  explicit CaptureTask(Work work);  // throws as start_thread() does
  ~CaptureTask();                   // calls the work off and waits for it
  CaptureTask(const CaptureTask&) = delete;
  CaptureTask& operator=(const CaptureTask&) = delete;

  // Waits for the end of the work, `patience` at most, and returns whether it has ended.
  bool wait(std::chrono::milliseconds patience) const;
  // Waits for the end. Throws what the work threw.
  const std::string& result() const { return result_.get(); }

 private:
  std::atomic<bool> abandoned_{false};
  std::packaged_task<std::string()> task_;
  std::shared_future<std::string> result_;
  std::thread thread_;
};
}  // namespace pprof::internal
