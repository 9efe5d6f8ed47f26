// The thread pool, with tasks in place of connections.
#include "app/server/elastic_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "test_server.h"

namespace service::testing {
namespace {

using std::chrono::milliseconds;

PoolOptions bounded_by(std::size_t max_threads) {
  PoolOptions options;
  options.max_threads = max_threads;
  options.idle_timeout = milliseconds(50);
  return options;
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
  PoolOptions options = bounded_by(100);
  options.idle_timeout = std::chrono::seconds(10);
  ElasticPool pool(options, counters);
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> done = false;
    pool.enqueue([&] { done = true; });
    ASSERT_TRUE(eventually([&] { return done.load(); }));
    ASSERT_TRUE(eventually([&] { return counters.connections_active == 0; }));
    std::this_thread::sleep_for(milliseconds(1));  // the thread becomes idle
  }
  // A thread that was not idle yet may have a sibling, but no more than a few.
  EXPECT_LE(counters.threads_started, 10U);
  pool.shutdown();
}

TEST(ElasticPool, RefusesBeyondItsBound) {
  ServerCounters counters;
  ElasticPool pool(bounded_by(2), counters);
  std::latch release(1);
  for (int i = 0; i < 2; ++i) pool.enqueue([&] { release.wait(); });
  bool refused = false;
  pool.enqueue([&] { refused = ElasticPool::refusing(); });
  EXPECT_TRUE(refused);
  EXPECT_FALSE(ElasticPool::refusing());
  EXPECT_EQ(counters.connections_refused, 1U);
  EXPECT_EQ(counters.connections_accepted, 2U);
  release.count_down();
  pool.shutdown();
}

TEST(ElasticPool, QueuesBeyondItsBoundIfToldTo) {
  ServerCounters counters;
  PoolOptions options = bounded_by(1);
  options.refuse_when_full = false;
  ElasticPool pool(options, counters);
  std::latch release(1);
  std::atomic<int> done = 0;
  pool.enqueue([&] { release.wait(); });
  for (int i = 0; i < 5; ++i) pool.enqueue([&] { ++done; });
  release.count_down();
  pool.shutdown();
  EXPECT_EQ(done, 5);
  EXPECT_EQ(counters.connections_refused, 0U);
}

TEST(ElasticPool, ShutdownWakesTasksAndWaitsForThem) {
  ServerCounters counters;
  PoolOptions options = bounded_by(1);
  std::latch stopped(1);
  options.on_stop = [&] { stopped.count_down(); };
  ElasticPool pool(options, counters);
  std::atomic<int> ended = 0;
  pool.enqueue([&] {
    stopped.wait();
    std::this_thread::sleep_for(milliseconds(50));
    ++ended;
  });
  pool.shutdown();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(counters.threads, 0U);
}

}  // namespace
}  // namespace service::testing
