// A bound server with the thread that accepts its connections. Used by run_app, for the service and
// for the debug port; from one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "app/server/server.h"
#include "app/signals.h"
#include "metrics/host_port.h"

namespace service {

class Listener {
 public:
  // Serves at once. `options` names the command-line options that `address` comes from. `signals`
  // are told to stop when no more connections can be accepted. Throws std::runtime_error, with a
  // remedy, when the address cannot be bound.
  Listener(std::unique_ptr<Server> server, const HostPort& address, const char* options,
           const char* thread_name, StopSignals& signals);
  // Returns when the last request is done.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // No more connections and requests; those that run go on. Returns at once.
  void stop() { server_->stop(); }
  // True if the last request was done by then.
  bool ended_by(std::chrono::steady_clock::time_point deadline) const {
    return ended_.wait_until(deadline) == std::future_status::ready;
  }
  // After stop(): cuts what still runs.
  void cut() { server_->cut(); }
  // Requests that were cut, or run on even so.
  std::size_t unanswered() const { return server_->unanswered(); }
  // Why it ended by itself; empty if it did not.
  std::string failure() const { return ended_by({}) ? failure_ : std::string(); }

  int port() const { return port_; }
  std::string url() const;

 private:
  void accept(StopSignals& signals);

  std::unique_ptr<Server> server_;
  const std::string host_;
  const std::string options_;
  int port_ = 0;
  std::string failure_;  // written before ended_
  std::future<void> ended_;
  std::thread thread_;
};

}  // namespace service
