// How many connections the server stands. Times have a wide margin: they tell waiting for one's
// turn (seconds) from being served (milliseconds).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "test_server.h"

namespace service::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Sanitizers make the start of a thread cost milliseconds.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr seconds kSoon{60};
#else
constexpr seconds kSoon{2};
#endif

bool ask(RawClient& client, int id) {
  if (!client.send(get("/echo?id=" + std::to_string(id)))) return false;
  const auto answer = client.read_answer();
  return answer && answer->status == 200 && answer->body == std::to_string(id);
}

TEST(Capacity, ServesAThousandKeepAliveConnectionsAtOnce) {
  TestServer server;
  std::vector<RawClient> clients;
  clients.reserve(1000);
  for (int i = 0; i < 1000; ++i) clients.emplace_back(server.port());
  for (int round = 0; round < 2; ++round) {
    const auto start = steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(clients[i].send(get("/echo?id=" + std::to_string(i))));
    }
    for (int i = 0; i < 1000; ++i) {
      const auto answer = clients[i].read_answer();
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->body, std::to_string(i));
    }
    EXPECT_LT(steady_clock::now() - start, kSoon);
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_EQ(server.counters().threads, 1000U);
  const auto start = steady_clock::now();
  server.stop();
  EXPECT_LT(steady_clock::now() - start, kSoon);
}

TEST(Capacity, RefusesNoneOfTenThousandConnectionsInTurn) {
  TestServer server;
  for (int i = 0; i < 10000; ++i) {
    RawClient client(server.port());
    ASSERT_TRUE(ask(client, i)) << i;
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_LT(server.counters().threads_peak, 100U);
}

TEST(Capacity, ServesANewConnectionWhileOthersIdle) {
  TestServer server;
  std::vector<RawClient> idle;
  for (int i = 0; i < 200; ++i) {
    idle.emplace_back(server.port());
    ASSERT_TRUE(ask(idle.back(), i));
  }
  std::vector<milliseconds> waits;
  for (int i = 0; i < 21; ++i) {
    const auto start = steady_clock::now();
    RawClient client(server.port());
    ASSERT_TRUE(ask(client, i));
    waits.push_back(std::chrono::duration_cast<milliseconds>(steady_clock::now() - start));
  }
  std::nth_element(waits.begin(), waits.begin() + 10, waits.end());
  EXPECT_LT(waits[10], milliseconds(50));  // the median: a busy machine may delay a few
}

TEST(Capacity, RefusesBeyondTheBoundWithRetryAfter) {
  ServerOptions options;
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

}  // namespace
}  // namespace service::testing
