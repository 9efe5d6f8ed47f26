// Mutex and ConditionVariable: who is charged, how much, and that they still are locks.
#include "contention/contention.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "pprof/mutex.h"
#include "pprof/trace.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds;
using testing::sum_of;

// Sets *waited_ns to how long lock() took.
extern "C" [[gnu::noinline]] void waits_for_the_lock(Mutex* mutex, std::int64_t* waited_ns) {
  const std::int64_t start_ns = trace_now_ns();
  mutex->lock();
  *waited_ns = trace_now_ns() - start_ns;
  mutex->unlock();
}

extern "C" [[gnu::noinline]] void holds_the_lock(Mutex* mutex, const std::function<void()>* work) {
  const std::lock_guard lock(*mutex);
  (*work)();
}

extern "C" [[gnu::noinline]] void waits_for_the_condition(ConditionVariable* condition,
                                                          std::unique_lock<Mutex>* lock,
                                                          const bool* ready) {
  condition->wait(*lock, [&] { return *ready; });
}

// Increase of value `index` of `function` in a cumulative profile while `work` runs.
std::int64_t increase(Profile (*profile)(), std::size_t index, std::string_view function,
                      const std::function<void()>& work) {
  const std::int64_t before = sum_of(profile(), index, function);
  work();
  return sum_of(profile(), index, function) - before;
}

// One thread holds a lock for 50 ms while `waiters` others wait for it. Returns their waits.
std::int64_t hold_50_ms(int waiters) {
  Mutex mutex;
  std::vector<std::int64_t> waited_ns(waiters);
  std::vector<std::thread> threads;
  const std::function<void()> work = [&] {
    for (std::int64_t& waited : waited_ns) {
      std::atomic<pid_t> tid{0};
      threads.emplace_back([&] {
        tid = current_tid();
        waits_for_the_lock(&mutex, &waited);
      });
      testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); });
    }
    std::this_thread::sleep_for(milliseconds(50));
  };
  holds_the_lock(&mutex, &work);
  std::int64_t sum = 0;
  for (int i = 0; i < waiters; ++i) {
    threads[i].join();
    sum += waited_ns[i];
  }
  return sum;
}

TEST(Contention, ChargesTheWaitToTheWaiterAndToTheHolder) {
  std::int64_t waited_ns = 0;
  std::int64_t blocked_ns = 0;
  const std::int64_t charged_to_holder_ns = increase(mutex_profile, 1, "holds_the_lock", [&] {
    blocked_ns =
        increase(block_profile, 1, "waits_for_the_lock", [&] { waited_ns = hold_50_ms(1); });
  });
  EXPECT_GE(blocked_ns, 50'000'000);
  EXPECT_LE(blocked_ns, waited_ns);
  // From the unlock to the waiter's return is the scheduler's time, not the holder's.
  EXPECT_GE(charged_to_holder_ns, 47'500'000);
  EXPECT_LE(charged_to_holder_ns, waited_ns * 1.05);
}

TEST(Contention, CountsOneEventForOneWait) {
  EXPECT_EQ(increase(block_profile, 0, "waits_for_the_lock", [] { hold_50_ms(1); }), 1);
  EXPECT_EQ(increase(mutex_profile, 0, "holds_the_lock", [] { hold_50_ms(1); }), 1);
}

TEST(Contention, ChargesTheHolderForEachWaiter) {
  std::int64_t waited_ns = 0;
  const std::int64_t charged_ns =
      increase(mutex_profile, 1, "holds_the_lock", [&] { waited_ns = hold_50_ms(3); });
  EXPECT_GE(charged_ns, 3 * 47'500'000);
  EXPECT_LE(charged_ns, waited_ns * 1.05);
}

TEST(Contention, UncontendedLocksLeaveNoTrace) {
  const std::size_t before = block_profile().samples.size();
  Mutex mutex;
  for (int i = 0; i < 1000; ++i) const std::lock_guard lock(mutex);
  EXPECT_EQ(block_profile().samples.size(), before);
}

TEST(Contention, ShortWaitsAreSampledWithoutBias) {
  constexpr int kWaits = 400'000;
  const auto record_many = [] {
    for (int i = 0; i < kWaits; ++i) record_block(1'000, __builtin_return_address(0));
  };
  const auto sum_all = [](std::size_t index) {
    std::int64_t sum = 0;
    for (const Sample& sample : block_profile().samples) sum += sample.values.at(index);
    return sum;
  };
  const std::int64_t count_before = sum_all(0);
  const std::int64_t delay_before = sum_all(1);
  record_many();
  EXPECT_NEAR(static_cast<double>(sum_all(0) - count_before), kWaits, 0.05 * kWaits);
  EXPECT_NEAR(static_cast<double>(sum_all(1) - delay_before), kWaits * 1e3, 0.05 * kWaits * 1e3);
}

TEST(Contention, ChargesAConditionWaitToTheWaiterOnly) {
  Mutex mutex;
  ConditionVariable condition;
  bool ready = false;
  std::int64_t outside_ns = 0;
  const std::int64_t waited_ns = increase(block_profile, 1, "waits_for_the_condition", [&] {
    std::atomic<pid_t> tid{0};
    std::thread waiter([&] {
      tid = current_tid();
      std::unique_lock lock(mutex);
      const std::int64_t start_ns = trace_now_ns();
      waits_for_the_condition(&condition, &lock, &ready);
      outside_ns = trace_now_ns() - start_ns;
    });
    testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); });
    std::this_thread::sleep_for(milliseconds(30));
    {
      const std::lock_guard lock(mutex);
      ready = true;
    }
    condition.notify_one();
    waiter.join();
  });
  EXPECT_GE(waited_ns, 30'000'000);
  EXPECT_LE(waited_ns, outside_ns);
}

TEST(ConditionVariable, TimesOut) {
  Mutex mutex;
  ConditionVariable condition;
  std::unique_lock lock(mutex);
  EXPECT_EQ(condition.wait_for(lock, milliseconds(1)), std::cv_status::timeout);
  EXPECT_FALSE(condition.wait_for(lock, milliseconds(1), [] { return false; }));
  EXPECT_TRUE(condition.wait_for(lock, std::chrono::hours(1), [] { return true; }));
  const auto system_time = std::chrono::system_clock::now() + milliseconds(1);
  EXPECT_FALSE(condition.wait_until(lock, system_time, [] { return false; }));
  EXPECT_TRUE(lock.owns_lock());
}

TEST(Mutex, ExcludesUnderContention) {
  Mutex mutex;
  std::int64_t count = 0;  // a data race if the lock fails: tsan sees it
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 80'000);
}

TEST(Mutex, TryLockFailsWhileHeld) {
  Mutex mutex;
  const std::lock_guard lock(mutex);
  std::thread([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
}

}  // namespace
}  // namespace pprof::internal
