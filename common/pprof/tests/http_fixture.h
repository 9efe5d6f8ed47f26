// A mounted server for the tests of the endpoints.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "pprof/httplib.h"

namespace pprof {

class MountedServer {
 public:
  explicit MountedServer(MountOptions options = {}) {
    mount(server_, std::move(options));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~MountedServer() { stop(); }
  void stop() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return port_; }
  std::unique_ptr<httplib::Client> client() const {
    auto client = std::make_unique<httplib::Client>("127.0.0.1", port_);
    client->set_read_timeout(std::chrono::seconds(60));
    return client;
  }
  httplib::Response get(const std::string& path) const {
    const httplib::Result result = client()->Get(path);
    return result ? *result : httplib::Response();
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

class Http : public ::testing::Test {
 protected:
  // pprof prints the body of an error only if these two headers are there.
  static void expect_error(const httplib::Response& response, int status,
                           const std::string& part_of_text) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.get_header_value("X-Go-Pprof"), "1");
    EXPECT_EQ(response.get_header_value_count("Cache-Control"), 1U);
    EXPECT_EQ(response.get_header_value("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_NE(response.body.find(part_of_text), std::string::npos) << response.body;
  }

  MountedServer server_;
};

}  // namespace pprof
