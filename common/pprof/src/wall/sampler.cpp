// See sampler.h.
#include "wall/sampler.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <span>
#include <system_error>

#include "threads/names.h"
#include "threads/tasks.h"
#include "threads/threads.h"

namespace pprof::internal {
namespace {

using std::chrono::nanoseconds;

// A thread that waits for a CPU answers when it gets one, and the round waits for it.
constexpr std::chrono::milliseconds kPatience{100};
// A thread that blocks the signal is asked again after this many rounds, another silent one after
// a few: each time it may cost the patience.
constexpr int kRoundsOfBlocking = 50;
constexpr int kRoundsOfSilence = 3;
// What the kernel needs to wake a thread, to call its handler, and to put it to sleep again.
constexpr std::chrono::microseconds kWakeUp{14};
// A handler that seems to take longer was interrupted itself.
constexpr std::chrono::microseconds kLongestHandler{200};

nanoseconds cpu_time_of_this_thread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

}  // namespace

nanoseconds WallSampler::sample(Clock::time_point now) {
  const nanoseconds cpu_before = cpu_time_of_this_thread();
  now_ = now;
  cost_of_answers_ = {};
  if (still_to_ask_.empty()) begin_turn(now);
  std::vector<pid_t> to_ask;
  for (std::size_t i = 0; i < kAskedAtOnce && !still_to_ask_.empty(); ++i) {
    const pid_t tid = still_to_ask_.back();
    still_to_ask_.pop_back();
    const auto known = threads_.find(tid);
    const int silence = known != threads_.end() ? --known->second.rounds_of_silence : 0;
    if (silence > 0) {
      charge_silent(tid, 0);
    } else if (silence == 0 && keeps_blocking(tid, capture_signal())) {
      begin_silence(tid, 0);
    } else {
      to_ask.push_back(tid);
    }
  }
  interrupt_threads(to_ask, kPatience, callbacks_);
  return cpu_time_of_this_thread() - cpu_before + cost_of_answers_;
}

void WallSampler::begin_turn(Clock::time_point now) {
  try {
    still_to_ask_ = lister_.list();
  } catch (const std::system_error& error) {  // those that are known are asked again
    list_error_ = error.code().message();
    for (const auto& [tid, thread] : threads_) still_to_ask_.push_back(tid);
  }
  std::ranges::sort(still_to_ask_);
  std::erase_if(threads_, [this](const auto& entry) {
    return !std::ranges::binary_search(still_to_ask_, entry.first);
  });
  std::erase(still_to_ask_, current_tid());
  std::ranges::shuffle(still_to_ask_, random_);
  threads_in_turn_ = still_to_ask_.size();
  turn_length_ = now - std::exchange(turn_start_, now);
  ++turns_;
}

void WallSampler::charge(pid_t tid, Key key) {
  const auto [entry, is_new] = threads_.try_emplace(tid);
  Thread& thread = entry->second;
  // A thread that has begun since the turn before is met once for each turn that it lives, on
  // average.
  const Clock::duration time = !is_new       ? now_ - thread.asked
                               : turns_ == 1 ? now_ - start_
                                             : turn_length_;
  Sums& sums = sums_[std::move(key)];
  ++sums.samples;
  sums.wall_ns += nanoseconds(time).count();
  thread.asked = now_;
  thread.latest = &sums;
}

void WallSampler::charge_answer(const RawStack& raw) {
  cost_of_answers_ += kWakeUp + std::min<nanoseconds>(raw.handler_time, kLongestHandler);
  Key key;
  key.first.assign(raw.stack.data(), raw.stack.data() + raw.depth);
  key.second.push_back({"thread", raw.name != nullptr ? raw.name : raw.kernel_name.data()});
  append_labels(raw.labels, key.second);
  charge(raw.tid, std::move(key));
}

// Returns the reason, or an empty text if the thread is gone.
std::string WallSampler::charge_silent(pid_t tid, int error) {
  std::string reason = why_silent(tid, error);
  if (!reason.empty()) {
    charge(tid, {{silent_frame()}, {{"thread", thread_name(tid)}, {"silent", reason}}});
  }
  return reason;
}

void WallSampler::begin_silence(pid_t tid, int error) {
  if (charge_silent(tid, error).empty()) return;
  silent_threads_.insert(tid);
  // Not whether the signal is blocked: in a handler of ours it is, for a moment.
  threads_[tid].rounds_of_silence =
      keeps_blocking(tid, capture_signal()) ? kRoundsOfBlocking : kRoundsOfSilence;
}

std::vector<std::string> WallSampler::gaps() const {
  std::vector<std::string> gaps;
  if (turns_ == 1 && !still_to_ask_.empty()) {
    gaps.push_back(std::to_string(still_to_ask_.size()) + " of " +
                   std::to_string(threads_in_turn_) +
                   " threads were not asked: they take turns, capture longer");
  } else if (threads_in_turn_ > kAskedAtOnce) {
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "%zu threads took turns: each was asked every %.2f s",
                  threads_in_turn_, std::chrono::duration<double>(turn_length_).count());
    gaps.emplace_back(text.data());
  }
  if (!silent_threads_.empty()) {
    gaps.push_back(std::to_string(silent_threads_.size()) +
                   " threads did not answer at times: see their label silent");
  }
  if (!list_error_.empty()) {
    gaps.push_back(
        "threads that began during the capture may be missing: their list could not be "
        "read: " +
        list_error_);
  }
  return gaps;
}

void WallSampler::finish(Clock::time_point end, Profile& profile) {
  for (const auto& [tid, thread] : threads_) {
    if (is_alive(tid)) thread.latest->wall_ns += nanoseconds(end - thread.asked).count();
  }
  for (auto& [key, sums] : sums_) {
    profile.samples.push_back({key.first, {sums.samples, sums.wall_ns}, key.second});
  }
  profile.comments = gaps();
}

}  // namespace pprof::internal
