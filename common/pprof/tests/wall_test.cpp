// Wall-clock samples: threads on and off the CPU, times, labels, early end.
#include "wall/wall.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <string_view>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "deaf_thread.h"
#include "pprof/label.h"
#include "pprof/thread.h"
#include "threads/inside_handler.h"
#include "threads/names.h"
#include "threads/tasks.h"
#include "wall/sampler.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds;

const auto kAlways = [] { return true; };

extern "C" [[gnu::noinline]] void asleep_in_recv(int socket) {
  char byte = 0;
  recv(socket, &byte, 1, 0);
  asm volatile("");  // no tail call
}

extern "C" [[gnu::noinline]] void busy_until(const std::atomic<bool>* stop) {
  while (!stop->load(std::memory_order_relaxed)) {
  }
}

std::int64_t wall_of_thread(const Profile& profile, std::string_view name) {
  std::int64_t sum = 0;
  for (const Sample& sample : profile.samples) {
    sum += testing::label_of(sample, "thread") == name ? sample.values.at(1) : 0;
  }
  return sum;
}

bool is_running(std::string_view name) {
  const std::vector<pid_t> tids = list_threads();
  return std::ranges::any_of(tids, [&](pid_t tid) { return thread_name(tid) == name; });
}

class Wall : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), 0); }
  void TearDown() override {
    close(sockets_[0]);
    close(sockets_[1]);
  }
  void wake_sleeper() const { EXPECT_EQ(send(sockets_[1], "x", 1, 0), 1); }

  std::array<int, 2> sockets_{};
};

TEST_F(Wall, ChargesEachThreadTheWholeTimeAsleepOrBusy) {
  NEEDS_SIGNALS_IN_TIME();
  std::atomic<bool> stop{false};
  std::thread sleeper([&] {
    const ThreadScope scope("sleeper");
    const LabelScope label("route", "/sleep");
    asleep_in_recv(sockets_[0]);
  });
  std::thread worker([&] {
    const ThreadScope scope("worker");
    busy_until(&stop);
  });
  ASSERT_TRUE(testing::eventually([] { return is_running("sleeper") && is_running("worker"); }));
  const Profile profile = wall_profile(milliseconds(600), kAlways);
  stop = true;
  wake_sleeper();
  sleeper.join();
  worker.join();
  const auto whole = static_cast<double>(profile.duration.count());
  for (const char* const thread : {"sleeper", "worker"}) {
    EXPECT_NEAR(static_cast<double>(wall_of_thread(profile, thread)), whole, 0.15 * whole);
  }
  // On a busy machine a thread may not get to answer each time.
  EXPECT_GT(static_cast<double>(testing::sum_of(profile, 1, "asleep_in_recv")), 0.25 * whole);
  EXPECT_GT(static_cast<double>(testing::sum_of(profile, 1, "busy_until")), 0.25 * whole);
  EXPECT_GE(whole, 600e6);
}

TEST_F(Wall, SamplesCarryTheLabelsOfTheThread) {
  NEEDS_SIGNALS_IN_TIME();
  std::atomic<pid_t> tid{0};
  std::thread sleeper([&] {
    const LabelScope label("route", "/sleep");
    tid = current_tid();
    asleep_in_recv(sockets_[0]);
  });
  ASSERT_TRUE(testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); }));
  const Profile profile = wall_profile(milliseconds(200), kAlways);
  wake_sleeper();
  sleeper.join();
  EXPECT_GT(testing::sum_of(profile, 0, "asleep_in_recv"), 0);
  for (const Sample& sample : profile.samples) {
    if (testing::stack_has(sample.stack, "asleep_in_recv")) {
      EXPECT_EQ(testing::label_of(sample, "route"), "/sleep");
    }
  }
}

TEST_F(Wall, LeavesAThreadThatBlocksTheSignalAlone) {
  const testing::DeafThread deaf;
  const Profile profile = wall_profile(milliseconds(100), kAlways);
  EXPECT_GT(wall_of_thread(profile, "deaf"), 0);
}

std::atomic<bool> is_held{false};

void hold(int /*signal*/) {
  is_held = true;
  while (is_held) {
  }
}

// As one that gets no CPU in the handler of a tick, which blocks all signals.
TEST_F(Wall, AsksAThreadThatWasHeldInAHandlerAgainSoon) {
  NEEDS_SIGNALS_IN_TIME();
  struct sigaction action {};
  action.sa_handler = hold;
  action.sa_mask = blocked_in_handlers();
  action.sa_flags = SA_RESTART;  // the thread sleeps on
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  std::atomic<pid_t> tid{0};
  std::thread sleeper([&] {
    tid = current_tid();
    asleep_in_recv(sockets_[0]);
  });
  ASSERT_TRUE(testing::eventually([&] { return tid != 0 && testing::is_asleep(tid); }));
  ASSERT_EQ(pthread_kill(sleeper.native_handle(), SIGUSR1), 0);
  ASSERT_TRUE(testing::eventually([] { return is_held.load(); }));
  const auto start = WallSampler::Clock::now();
  WallSampler sampler(start);
  sampler.sample(start);
  is_held = false;
  for (int round = 1; round <= 10; ++round) sampler.sample(WallSampler::Clock::now());
  Profile profile;
  sampler.finish(WallSampler::Clock::now(), profile);
  wake_sleeper();
  sleeper.join();
  EXPECT_GT(testing::sum_of(profile, 0, "asleep_in_recv"), 0);
}

TEST_F(Wall, LeavesTheSamplingThreadOut) {
  const ThreadScope scope("sampling-thread");
  const Profile profile = wall_profile(milliseconds(100), kAlways);
  EXPECT_EQ(wall_of_thread(profile, "sampling-thread"), 0);
}

// Many threads that sleep in a known function until the end of the scope.
class Sleepers {
 public:
  explicit Sleepers(int count) : begun_(count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        const ThreadScope scope("sleeper");
        begun_.count_down();
        release_.wait();
      });
    }
    begun_.wait();
  }
  ~Sleepers() {
    release_.count_down();
    for (std::thread& thread : threads_) thread.join();
  }
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;

 private:
  std::latch begun_;
  std::latch release_{1};
  std::vector<std::thread> threads_;
};

bool has_comment(const Profile& profile, std::string_view text) {
  return std::ranges::any_of(profile.comments, [text](const std::string& comment) {
    return comment.find(text) != std::string::npos;
  });
}

// Each answer counts for at least 14 us, of the 20 ms of each second that a capture may cost;
// pauses may be half as long as they are on average. Without a budget there would be ten times as
// many.
TEST_F(Wall, ManyThreadsTakeTurnsWithinTheBudgetAndAreChargedTheWholeTime) {
  constexpr int kThreads = 300;
  const Sleepers sleepers(kThreads);
  std::chrono::seconds duration{2};
  Profile profile = wall_profile(duration, kAlways);
  const auto seconds = static_cast<double>(profile.duration.count()) / 1e9;
  std::int64_t samples = 0;
  for (const Sample& sample : profile.samples) samples += sample.values.at(0);
  EXPECT_LT(static_cast<double>(samples), 64 + 2 * seconds * 0.02 / 14e-6);
  NEEDS_SIGNALS_IN_TIME();  // else a turn takes long
  // The dearer an answer is on this machine, the longer is a turn.
  const auto all_were_asked = [&profile] {
    return has_comment(profile, " threads took turns: each was asked every ");
  };
  while (!all_were_asked() && duration < std::chrono::seconds(30)) {
    duration *= 2;
    profile = wall_profile(duration, kAlways);
  }
  EXPECT_TRUE(all_were_asked());
  EXPECT_EQ(wall_of_thread(profile, "sleeper"), kThreads * profile.duration.count());
}

TEST_F(Wall, SaysHowManyThreadsAShortCaptureDidNotAsk) {
  const Sleepers sleepers(200);
  const Profile profile = wall_profile(milliseconds(1), kAlways);
  EXPECT_TRUE(has_comment(profile, " threads were not asked: they take turns, capture longer"));
}

TEST_F(Wall, EndsSoonAfterNobodyWantsIt) {
  const auto start = std::chrono::steady_clock::now();
  const auto gone_after_50_ms = [&] {
    return std::chrono::steady_clock::now() - start < milliseconds(50);
  };
  wall_profile(std::chrono::hours(1), gone_after_50_ms);
}

}  // namespace
}  // namespace pprof::internal
