// How many connections the server stands. They may idle for an hour: one that had to wait for
// another's end would not be served at all.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "test_server.h"

namespace service::testing {
namespace {

ServerOptions patient() {
  ServerOptions options;
  options.read_timeout = options.idle_timeout = options.write_timeout = std::chrono::hours(1);
  return options;
}

bool ask(RawClient& client, int id) {
  if (!client.send(get("/echo?id=" + std::to_string(id)))) return false;
  const auto answer = client.read_answer();
  return answer && answer->status == 200 && answer->body == std::to_string(id);
}

TEST(Capacity, ServesAThousandKeepAliveConnectionsAtOnce) {
  TestServer server(patient());
  std::vector<RawClient> clients;
  clients.reserve(1000);
  for (int i = 0; i < 1000; ++i) clients.emplace_back(server.port());
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(clients[i].send(get("/echo?id=" + std::to_string(i))));
    }
    for (int i = 0; i < 1000; ++i) {
      const auto answer = clients[i].read_answer();
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->body, std::to_string(i));
    }
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_EQ(server.counters().threads, 1000U);
  server.stop();
}

TEST(Capacity, RefusesNoneOfTenThousandConnectionsInTurn) {
  TestServer server;
  for (int i = 0; i < 10000; ++i) {
    RawClient client(server.port());
    ASSERT_TRUE(ask(client, i)) << i;
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_LT(server.counters().threads_peak, 1000U);  // a thread may see late that its client left
}

TEST(Capacity, ServesANewConnectionWhileOthersIdle) {
  TestServer server(patient());
  std::vector<RawClient> idle;
  for (int i = 0; i < 200; ++i) {
    idle.emplace_back(server.port());
    ASSERT_TRUE(ask(idle.back(), i));
  }
  for (int i = 0; i < 21; ++i) {
    RawClient client(server.port());
    ASSERT_TRUE(ask(client, i));
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
}

TEST(Capacity, RefusesBeyondTheBoundWithRetryAfter) {
  ServerOptions options = patient();
  options.max_threads = 4;
  TestServer server(options);
  std::vector<RawClient> taken;
  for (int i = 0; i < 4; ++i) {
    taken.emplace_back(server.port());
    ASSERT_TRUE(ask(taken.back(), i));
  }
  for (int i = 0; i < 20; ++i) {
    RawClient refused(server.port());
    refused.send(get("/echo?id=1"));
    const auto answer = refused.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->header("retry-after"), "1");
    EXPECT_TRUE(refused.closed_by_server());
  }
  EXPECT_EQ(server.counters().connections_refused, 20U);
  taken.pop_back();
  EXPECT_TRUE(eventually([&] {
    RawClient client(server.port());
    return ask(client, 7);
  }));
}

// As many clients as threads, each with a new connection for every request: a thread that has just
// answered is not idle yet when its client comes again.
class EnoughThreads : public ::testing::TestWithParam<const char*> {};

TEST_P(EnoughThreads, RefuseNobody) {
  for (const std::size_t threads : {1, 3, 8}) {
    ServerOptions options;
    options.max_threads = threads;
    TestServer server(options);
    const auto connect_often = [&] {
      for (int i = 0; i < 300; ++i) {
        RawClient client(server.port());
        client.send("GET /echo?id=1 HTTP/1.1\r\nHost: a\r\n" + std::string(GetParam()) + "\r\n");
        const auto answer = client.read_answer();  // closes as soon as it has it
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200);
      }
    };
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < threads; ++i) clients.emplace_back(connect_often);
    clients.clear();
    EXPECT_EQ(server.counters().connections_refused, 0U);
    EXPECT_LE(server.counters().threads_peak, threads);
  }
}

INSTANTIATE_TEST_SUITE_P(Capacity, EnoughThreads, ::testing::Values("Connection: close\r\n", ""),
                         [](const auto& test) {
                           return *test.param == '\0' ? "ClosedByTheClient" : "ClosedByTheServer";
                         });

}  // namespace
}  // namespace service::testing
