// The thread pool, with tasks in place of connections.
#include "app/server/elastic_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <string>
#include <thread>

#include "test_server.h"

namespace service::testing {
namespace {

using std::chrono::milliseconds;

ServerOptions bounded_by(std::size_t max_threads) {
  ServerOptions options;
  options.max_threads = max_threads;
  options.thread_idle_timeout = milliseconds(50);
  return options;
}

// As the kernel has it.
bool is_asleep(pid_t thread) {
  std::string stat;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/stat"), stat);
  return stat.find(") S ") != std::string::npos;
}

TEST(ElasticPool, GrowsToWhatIsNeededAndShrinks) {
  ServerCounters counters;
  ElasticPool pool(bounded_by(100), counters);
  std::latch all_running(20);
  std::latch release(1);
  for (int i = 0; i < 20; ++i) {
    pool.enqueue([&] {
      all_running.count_down();
      release.wait();
    });
  }
  all_running.wait();
  EXPECT_EQ(counters.threads, 20U);
  EXPECT_EQ(counters.connections_active, 20U);
  release.count_down();
  EXPECT_TRUE(eventually([&] { return counters.threads == 0; }));
  EXPECT_EQ(counters.threads_peak, 20U);
  pool.shutdown();
}

TEST(ElasticPool, UsesOneThreadForTasksInTurn) {
  ServerCounters counters;
  ServerOptions options = bounded_by(100);
  options.thread_idle_timeout = std::chrono::hours(1);
  ElasticPool pool(options, counters);
  for (int i = 0; i < 100; ++i) {
    std::atomic<pid_t> thread = 0;
    pool.enqueue([&] { thread = gettid(); });
    ASSERT_TRUE(eventually([&] { return thread != 0 && counters.connections_active == 0; }));
    ASSERT_TRUE(eventually([&] { return is_asleep(thread); }));  // it is idle
  }
  EXPECT_EQ(counters.threads_started, 1U);
  pool.shutdown();
}

TEST(ElasticPool, RefusesBeyondItsBound) {
  ServerCounters counters;
  ConnectionRegistry connections;
  ElasticPool pool(bounded_by(2), counters, &connections);
  std::latch release(1);
  std::atomic<int> refused = 0;
  const auto hold = [&] {
    refused += ElasticPool::refusing();
    release.wait();
  };
  for (int i = 0; i < 2; ++i) pool.enqueue(hold);
  pool.enqueue([&] { refused += ElasticPool::refusing(); });
  EXPECT_EQ(counters.connections_refused, 1U);
  EXPECT_EQ(counters.connections_accepted, 2U);
  release.count_down();
  pool.shutdown();
  EXPECT_EQ(refused, 1);
}

TEST(ElasticPool, WaitsBeyondItsBoundWithoutARegistry) {
  ServerCounters counters;
  ElasticPool pool(bounded_by(1), counters);
  std::latch release(1);
  std::atomic<int> done = 0;
  pool.enqueue([&] { release.wait(); });
  std::jthread accepting([&] {
    for (int i = 0; i < 5; ++i) pool.enqueue([&] { ++done; });
  });
  release.count_down();
  accepting.join();
  pool.shutdown();
  EXPECT_EQ(done, 5);
  EXPECT_EQ(counters.threads_peak, 1U);
  EXPECT_EQ(counters.connections_refused, 0U);
}

TEST(ElasticPool, ShutdownWakesTasksAndWaitsForThem) {
  ServerCounters counters;
  ConnectionRegistry connections;
  ElasticPool pool(bounded_by(1), counters, &connections);
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  std::atomic<int> ended = 0;
  pool.enqueue([&] {
    connections.add(sockets[0]);
    char byte = 0;
    EXPECT_EQ(read(sockets[0], &byte, 1), 0);
    connections.remove(sockets[0]);
    std::this_thread::sleep_for(milliseconds(50));
    ++ended;
  });
  pool.shutdown();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(counters.threads, 0U);
  close(sockets[0]);
  close(sockets[1]);
}

}  // namespace
}  // namespace service::testing
