// What the rates do when they are set at run time.
#include "pprof/rates.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "contention/contention.h"
#include "cpu/cpu.h"
#include "heap/heap.h"
#include "heap/sampler.h"
#include "http_fixture.h"
#include "sanitizers.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds;

std::int64_t sum(const Profile& profile, std::size_t value) {
  return std::accumulate(
      profile.samples.begin(), profile.samples.end(), std::int64_t{0},
      [&](std::int64_t before, const Sample& s) { return before + s.values.at(value); });
}

bool is_said(const Profile& profile, const std::string& text) {
  return std::ranges::any_of(profile.comments, [&](const std::string& comment) {
    return comment.find(text) != std::string::npos;
  });
}

// What `work` adds to the two values of a contention profile.
std::pair<std::int64_t, std::int64_t> added(Profile (*profile)(),
                                            const std::function<void()>& work) {
  const Profile before = profile();
  work();
  const Profile after = profile();
  return {sum(after, 0) - sum(before, 0), sum(after, 1) - sum(before, 1)};
}

void record_waits(void (*record)(std::int64_t, const void*) noexcept, int count, nanoseconds wait) {
  for (int i = 0; i < count; ++i) record(wait.count(), __builtin_return_address(0));
}

TEST(Rates, ACpuCaptureThatRunsKeepsItsOwn) {
  std::atomic<bool> done{false};
  std::thread busy([&done] {
    volatile double value = 1;
    while (!done) value = std::sqrt(value + 1);
  });
  ASSERT_TRUE(set_cpu_profile_rate(20));
  Profile inner;
  bool is_first = true;
  const Profile outer = cpu_profile(milliseconds(1000), [&] {
    if (!std::exchange(is_first, false)) return true;
    EXPECT_TRUE(set_cpu_profile_rate(100));
    inner = cpu_profile(milliseconds(10), [] { return true; });
    return true;
  });
  const Profile next = cpu_profile(milliseconds(10), [] { return true; });
  done = true;
  busy.join();
  EXPECT_EQ(nanoseconds(outer.period), milliseconds(50));
  EXPECT_EQ(inner.period, outer.period);
  EXPECT_EQ(nanoseconds(next.period), milliseconds(10));
  EXPECT_EQ(sum(outer, 1), sum(outer, 0) * outer.period);
  NEEDS_SIGNALS_IN_TIME();
  EXPECT_GT(sum(outer, 0), 0);
}

TEST(Rates, EveryWaitOrNoneOrOneOfSome) {
  constexpr int kWaits = 1000;
  const auto block = [] { record_waits(record_block, kWaits, nanoseconds(100)); };
  const auto mutex = [] { record_waits(record_mutex, kWaits, milliseconds(1)); };
  ASSERT_TRUE(set_block_profile_rate(nanoseconds(1)));
  EXPECT_EQ(added(block_profile, block),
            std::pair(std::int64_t{kWaits}, std::int64_t{kWaits * 100}));
  ASSERT_TRUE(set_block_profile_rate(nanoseconds(0)));
  EXPECT_EQ(added(block_profile, block), std::pair(std::int64_t{0}, std::int64_t{0}));
  EXPECT_TRUE(is_said(block_profile(), "set_block_profile_rate() is 0"));

  ASSERT_TRUE(set_mutex_profile_fraction(0));
  EXPECT_EQ(added(mutex_profile, mutex), std::pair(std::int64_t{0}, std::int64_t{0}));
  EXPECT_NE(MountedServer().get("/debug/pprof/").body.find("set_mutex_profile_fraction() is 0"),
            std::string::npos);
  ASSERT_TRUE(set_mutex_profile_fraction(4));
  const auto [count, delay] = added(mutex_profile, mutex);
  EXPECT_EQ(count % 4, 0);
  EXPECT_NEAR(static_cast<double>(count), kWaits, 0.4 * kWaits);  // seven standard deviations
  EXPECT_EQ(nanoseconds(delay), count * milliseconds(1));

  ASSERT_TRUE(set_block_profile_rate(std::chrono::microseconds(10)));
  ASSERT_TRUE(set_mutex_profile_fraction(1));
  EXPECT_TRUE(mutex_profile().comments.empty());
}

// CTest runs it twice: as it is, and with both variables.
TEST(Rates, OfWaitsAreThoseOfTheEnvironment) {
  const char* const given = std::getenv("PPROF_BLOCK_RATE_NS");  // NOLINT(concurrency-mt-unsafe)
  const bool is_off = given != nullptr && std::string(given) == "0";
  EXPECT_EQ(is_said(block_profile(), "PPROF_BLOCK_RATE_NS"), is_off);
  EXPECT_EQ(is_said(mutex_profile(), "PPROF_MUTEX_FRACTION"), is_off);
  const auto waits = [] {
    record_waits(record_block, 1, milliseconds(1));
    record_waits(record_mutex, 1, milliseconds(1));
  };
  EXPECT_EQ(added(block_profile, waits).first, is_off ? 0 : 1);
  EXPECT_EQ(added(mutex_profile, waits).first, is_off ? 0 : 1);
}

TEST(Rates, EveryAllocationOrNone) {
  if (!heap_available()) GTEST_SKIP() << "this binary has no sampler";
  constexpr int kBlocks = 1000;
  const auto allocate = [] {
    for (int i = 0; i < kBlocks; ++i) ::operator delete(::operator new(1'000'000));
  };
  const std::size_t before = sample_distance();
  const Profile none = heap_profile();
  ASSERT_TRUE(set_heap_profile_rate(1));
  allocate();
  ASSERT_TRUE(set_heap_profile_rate(0));
  const Profile some = heap_profile();
  allocate();
  const Profile all = heap_profile();
  ASSERT_TRUE(set_heap_profile_rate(before));
  EXPECT_NEAR(static_cast<double>(sum(some, 0) - sum(none, 0)), kBlocks, 0.05 * kBlocks);
  EXPECT_EQ(sum(all, 0), sum(some, 0));
  EXPECT_TRUE(is_said(all, "set_heap_profile_rate(0)"));
  EXPECT_FALSE(is_said(heap_profile(), "set_heap_profile_rate(0)"));
}

TEST(Rates, WhatCannotBeIsRefusedWithTheRule) {
  EXPECT_EQ(set_cpu_profile_rate(0).error(),
            "profile: 0 samples a second cannot be taken: give 1 to 1000");
  EXPECT_FALSE(set_cpu_profile_rate(1001));
  EXPECT_EQ(set_block_profile_rate(nanoseconds(-1)).error(),
            "block: -1 ns are no time: give 0 for none, or more");
  EXPECT_EQ(set_mutex_profile_fraction(-1).error(),
            "mutex: one wait of -1 cannot be taken: give 0 for none, or more");
  EXPECT_NE(set_heap_profile_rate(~std::size_t{0})
                .error()
                .find(heap_available() ? "at most 1099511627776" : "link pprof::heap"),
            std::string::npos);
}

}  // namespace
}  // namespace pprof::internal
