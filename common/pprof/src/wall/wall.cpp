// See wall.h.
#include "wall/wall.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stacks/unwind.h"
#include "threads/interrupt.h"
#include "threads/labels.h"
#include "threads/names.h"
#include "threads/tasks.h"
#include "threads/threads.h"

namespace pprof::internal {
namespace {

using Clock = std::chrono::steady_clock;
using Key = std::pair<std::vector<std::uintptr_t>, std::vector<Label>>;

// A thread that waits for a CPU answers when it gets one, and the round waits for it.
constexpr std::chrono::milliseconds kPatience{100};
// A thread that blocks the signal is asked again after this many rounds, another silent one after
// a few: each time it may cost the patience.
constexpr int kRoundsOfBlocking = 50;
constexpr int kRoundsOfSilence = 3;

struct Sums {
  std::int64_t samples = 0;
  std::int64_t wall_ns = 0;
};

class WallSampler {
 public:
  void sample(std::chrono::nanoseconds elapsed) {
    elapsed_ = elapsed;
    std::vector<pid_t> to_ask;
    for (const pid_t tid : list_threads()) {
      const auto silent = silent_rounds_left_.find(tid);
      if (tid == current_tid()) continue;
      if (silent == silent_rounds_left_.end() || --silent->second <= 0) {
        to_ask.push_back(tid);
      } else {
        charge_silent(tid);
      }
    }
    interrupt_threads(to_ask, kPatience, callbacks_);
  }

  std::map<Key, Sums> take() { return std::move(sums_); }

 private:
  void charge_answer(const RawStack& raw) {
    silent_rounds_left_.erase(raw.tid);
    Key key;
    key.first.assign(raw.stack.data(), raw.stack.data() + raw.depth);
    key.second.push_back({"thread", raw.name != nullptr ? raw.name : raw.kernel_name.data()});
    append_labels(raw.labels, key.second);
    add(std::move(key));
  }

  // Returns the reason, or an empty text if the thread is gone.
  std::string charge_silent(pid_t tid) {
    std::string reason = why_silent(tid);
    if (!reason.empty()) {
      add({{silent_frame()}, {{"thread", thread_name(tid)}, {"silent", reason}}});
    }
    return reason;
  }

  void begin_silence(pid_t tid) {
    const bool blocks = charge_silent(tid).starts_with("blocks");
    silent_rounds_left_[tid] = blocks ? kRoundsOfBlocking : kRoundsOfSilence;
  }

  void add(Key key) {
    Sums& sums = sums_[std::move(key)];
    ++sums.samples;
    sums.wall_ns += elapsed_.count();
  }

  std::chrono::nanoseconds elapsed_{0};
  std::map<Key, Sums> sums_;
  std::map<pid_t, int> silent_rounds_left_;
  InterruptCallbacks callbacks_{[this](const RawStack& raw) { charge_answer(raw); },
                                [this](pid_t tid) { begin_silence(tid); }};
};

}  // namespace

Profile wall_profile(std::chrono::nanoseconds duration, const Wanted& wanted) {
  prepare_unwinder();
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"wall", "nanoseconds"}};
  profile.period_type = {"wall", "nanoseconds"};
  profile.period = std::chrono::nanoseconds(kWallInterval).count();
  profile.time = std::chrono::system_clock::now();
  // Jitter, so that work with a rhythm of its own is not met at the same point each time.
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<std::int64_t> interval_ns(profile.period / 2,
                                                          profile.period * 3 / 2);
  WallSampler sampler;
  const auto start = Clock::now();
  auto last = start;
  while (last - start < duration && wanted()) {
    const auto next = last + std::chrono::nanoseconds(interval_ns(random));
    std::this_thread::sleep_until(std::min(next, start + duration));
    const auto now = Clock::now();
    sampler.sample(now - last);
    last = now;
  }
  profile.duration = last - start;
  for (auto& [key, sums] : sampler.take()) {
    profile.samples.push_back({key.first, {sums.samples, sums.wall_ns}, key.second});
  }
  return profile;
}

}  // namespace pprof::internal
