// See threads.h.
#include "threads/threads.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>

#include "stacks/unwind.h"
#include "threads/interrupt.h"
#include "threads/labels.h"
#include "threads/names.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

constexpr std::chrono::milliseconds kPatience{200};

ThreadStack from_raw(const RawStack& raw) {
  ThreadStack thread;
  thread.tid = raw.tid;
  thread.name = raw.name != nullptr ? raw.name : raw.kernel_name.data();
  append_labels(raw.labels, thread.labels);
  thread.stack.assign(raw.stack.data(), raw.stack.data() + raw.depth);
  return thread;
}

// Only its address is used: symbolizers find this name in the middle of it.
[[gnu::noinline, gnu::used]] int thread_did_not_answer_the_signal(volatile int* seen) {
  *seen = *seen + 1;
  return *seen;
}

}  // namespace

std::uintptr_t silent_frame() {
  return reinterpret_cast<std::uintptr_t>(&thread_did_not_answer_the_signal) + 1;
}

std::string why_silent(pid_t tid, int error) {
  if (error != 0) {
    return "signal " + std::to_string(capture_signal()) +
           " cannot be sent: " + std::generic_category().message(error);
  }
  if (blocks_signal(tid, capture_signal())) {
    return "blocks signal " + std::to_string(capture_signal());
  }
  const std::string state = status_field(tid, "State:");
  return state.empty() ? "" : "state " + state;
}

std::vector<ThreadStack> capture_threads() {
  prepare_unwinder();
  std::vector<ThreadStack> threads;
  std::vector<pid_t> tids = list_threads();
  const InterruptCallbacks callbacks{
      [&](const RawStack& raw) { threads.push_back(from_raw(raw)); },
      [&](pid_t tid, int error) {
        const std::string reason = why_silent(tid, error);
        if (!reason.empty()) {
          threads.push_back({tid, thread_name(tid), {}, {silent_frame()}, reason});
        }
      }};
  std::erase_if(tids, [&callbacks](pid_t tid) {
    if (!keeps_blocking(tid, capture_signal())) return false;
    callbacks.silent(tid, 0);
    return true;
  });
  interrupt_threads(tids, kPatience, callbacks);
  std::ranges::sort(threads, {}, &ThreadStack::tid);
  return threads;
}

Profile threads_profile() {
  Profile profile;
  profile.sample_types = {{"threads", "count"}};
  profile.period_type = {"threads", "count"};
  profile.period = 1;
  profile.time = std::chrono::system_clock::now();
  std::map<std::pair<std::vector<std::uintptr_t>, std::vector<Label>>, std::int64_t> counts;
  std::size_t silent = 0;
  for (ThreadStack& thread : capture_threads()) {
    thread.labels.insert(thread.labels.begin(), {"thread", thread.name});
    if (!thread.silent_because.empty()) {
      thread.labels.push_back({"silent", thread.silent_because});
      ++silent;
    }
    ++counts[{std::move(thread.stack), std::move(thread.labels)}];
  }
  for (const auto& [key, count] : counts) {
    profile.samples.push_back({key.first, {count}, key.second});
  }
  if (silent > 0) {
    profile.comments.push_back(std::to_string(silent) +
                               " threads did not answer: see their label silent");
  }
  return profile;
}

}  // namespace pprof::internal
