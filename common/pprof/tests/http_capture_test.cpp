// Captures that take time: several at a time, called off when the client leaves.
#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "http_fixture.h"
#include "sanitizers.h"
#include "threads/tasks.h"

namespace pprof {
namespace {

using std::chrono::milliseconds, std::chrono::steady_clock;

using HttpCapture = Http;
using internal::kernel_thread_name, internal::list_threads;

// A capture in the background that occupies the slot until it is left or runs out.
class OpenCapture {
 public:
  OpenCapture(const MountedServer& server, const std::string& path) : client_(server.client()) {
    thread_ = std::thread([this, path] {
      client_->Get(
          path, [this](const httplib::Response&) { return running_ = true; },
          [](const char*, std::size_t) { return true; });
    });
    while (!running_) std::this_thread::sleep_for(milliseconds(1));
  }
  ~OpenCapture() { leave(); }
  void leave() {
    client_->stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::unique_ptr<httplib::Client> client_;
  std::atomic<bool> running_{false};
  std::thread thread_;
};

}  // namespace

TEST_F(HttpCapture, CapturesMayOverlap) {
  for (const char* name : {"profile", "wall", "trace"}) {
    const std::string path = "/debug/pprof/" + std::string(name);
    const OpenCapture capture(server_, path + "?seconds=300");
    EXPECT_EQ(server_.get(path + "?seconds=0.1").status, 200) << name;
  }
}

TEST_F(HttpCapture, NextCaptureMayFollowAtOnce) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(server_.get("/debug/pprof/profile?seconds=0.01").status, 200);
  }
}

TEST_F(HttpCapture, ClientThatLeavesEndsItsCapture) {
  const auto captures_become = [](std::ptrdiff_t wanted) {
    const auto end = steady_clock::now() + std::chrono::minutes(1);
    while (steady_clock::now() < end) {
      if (std::ranges::count(list_threads(), "pprof-capture", kernel_thread_name) == wanted) {
        return true;
      }
    }
    return false;
  };
  OpenCapture capture(server_, "/debug/pprof/profile?seconds=300");
  EXPECT_TRUE(captures_become(1));
  capture.leave();
  EXPECT_TRUE(captures_become(0));
}

TEST_F(HttpCapture, ServerStopsDuringACapture) {
  MountedServer server;
  const OpenCapture capture(server, "/debug/pprof/profile?seconds=300");
  server.stop();
}

TEST_F(HttpCapture, OldClientsGetABodyWithoutChunks) {
  const std::string command = "curl -s -0 http://127.0.0.1:" + std::to_string(server_.port()) +
                              "/debug/pprof/profile?seconds=0.1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char start[2] = {};
  EXPECT_EQ(fread(start, 1, sizeof(start), pipe), sizeof(start));
  EXPECT_EQ(std::string(start, 2), "\x1f\x8b");
  pclose(pipe);
}

}  // namespace pprof
