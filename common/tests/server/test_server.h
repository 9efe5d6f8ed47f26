// A server with a few routes, on a free port, in a thread of its own. Used by the tests of the
// server layer.
//
//   GET  /echo?id=…   the id, so that answers can be paired with requests
//   POST /body        the body
//   GET  /slow?ms=…   sleeps, then "slow"
//   GET  /held        as long as `held`, then "held"
//   GET  /throw       an exception leaves the handler
//   GET  /large?n=…   n bytes
//   GET  /headers     REMOTE_ADDR as a header and as cpp-httplib's own member
//   GET  /agent       the User-Agent
//   GET  /files/…     what follows, through a regex
//   GET  /stream      a streaming answer, see stream_wanted
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "app/server/server.h"

namespace service::testing {

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();  // stops it
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  int port() const { return port_; }
  const ServerCounters& counters() const { return counters_; }
  // Returns when the server has ended.
  void stop();
  // The two steps of it: stop_accepting() returns at once.
  void stop_accepting() { server_->stop(); }
  void cut() { server_->cut(); }
  std::size_t unanswered() const { return server_->unanswered(); }

  // /slow is being answered.
  std::atomic<bool> slow_began{false};
  std::atomic<bool> held{true};
  // /stream goes on until this is false or the client is gone.
  std::atomic<bool> stream_wanted{true};
  std::atomic<bool> stream_ended{false};

 private:
  void add_routes();

  ServerCounters counters_;
  std::unique_ptr<Server> server_;
  int port_ = 0;
  std::thread thread_;
};

// Waits until `condition` holds, a minute at most: how soon is not what it asks.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace service::testing
