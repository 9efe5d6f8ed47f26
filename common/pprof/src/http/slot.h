// Lets one capture of a kind run at a time, and says how long the next one has to wait.
// Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

namespace pprof::internal {

class CaptureSlot {
 public:
  // Frees the slot when destroyed.
  class Lease {
   public:
    explicit Lease(CaptureSlot& slot) : slot_(slot) {}
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    CaptureSlot& slot_;
  };

  // Null if the slot is taken. The slot must outlive the lease.
  std::unique_ptr<Lease> try_take(std::chrono::nanoseconds duration);
  // How long the capture in the slot has still to run, at least 1 s; 0 if the slot is free.
  std::chrono::seconds wait_time();

 private:
  std::mutex mutex_;
  bool taken_ = false;
  std::chrono::steady_clock::time_point ends_;
};

}  // namespace pprof::internal
