// Rounds of a wall capture: asks threads for their stacks and adds up what they answer.
// Used by wall_profile() on the capturing thread; not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "profile.h"
#include "threads/interrupt.h"
#include "threads/tasks.h"

namespace pprof::internal {

class WallSampler {
 public:
  using Clock = std::chrono::steady_clock;

  // So many threads are asked in one round; where there are more, they take turns.
  static constexpr std::size_t kAskedAtOnce = 64;

  // Throws std::system_error if the threads cannot be listed.
  explicit WallSampler(Clock::time_point start) : start_(start), turn_start_(start) {}

  // One round, now. Each thread is charged the time since it was asked before. Returns an estimate
  // of the CPU time that the round took from the process, all threads together.
  std::chrono::nanoseconds sample(Clock::time_point now);

  // Charges what is left until `end` to the threads that live, and adds samples and comments.
  void finish(Clock::time_point end, Profile& profile);

 private:
  using Key = std::pair<std::vector<std::uintptr_t>, std::vector<Label>>;
  struct Sums {
    std::int64_t samples = 0;
    std::int64_t wall_ns = 0;
  };
  struct Thread {
    Clock::time_point asked;
    Sums* latest = nullptr;  // what it was found in; null: not asked yet
    int rounds_of_silence = 0;
  };

  void begin_turn(Clock::time_point now);
  void charge_answer(const RawStack& raw);
  void begin_silence(pid_t tid, int error);
  std::string charge_silent(pid_t tid, int error);
  void charge(pid_t tid, Key key);
  std::vector<std::string> gaps() const;

  Clock::time_point start_;
  Clock::time_point now_;
  Clock::time_point turn_start_;
  Clock::duration turn_length_{0};  // of the turn before
  std::size_t turns_ = 0;
  std::size_t threads_in_turn_ = 0;
  std::vector<pid_t> still_to_ask_;  // in this turn
  std::chrono::nanoseconds cost_of_answers_{0};
  std::map<Key, Sums> sums_;
  std::unordered_map<pid_t, Thread> threads_;
  std::set<pid_t> silent_threads_;
  std::string list_error_;
  ThreadLister lister_;
  std::minstd_rand random_{std::random_device{}()};
  InterruptCallbacks callbacks_{[this](const RawStack& raw) { charge_answer(raw); },
                                [this](pid_t tid, int error) { begin_silence(tid, error); }};
};

}  // namespace pprof::internal
