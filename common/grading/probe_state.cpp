// Probes of what stays or is shared: the logger's lock and writes, growth, per-thread counters.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/rig.h"
#include "grading/counting.h"
#include "grading/probes.h"
#include "grading/temp_log.h"

// A lab's stage may count each thread's requests (lab 10); other stages do not define this.
namespace service {
[[gnu::weak]] const std::atomic<std::uint64_t>* counter_of_this_thread();
}

namespace grading {
namespace {

constexpr int kLines = 1000;
constexpr int kRequests = 5000;
constexpr std::chrono::seconds kPatience{2};
constexpr std::intptr_t kCacheLineBytes = 64;

// The request lines of many words, without memory of its own.
class Lines {
 public:
  explicit Lines(const Words& words) {
    for (const std::string& word : words) {
      urls_.push_back("/v1/leftpad/?str=" + word + "&len=50&chr=*");
    }
  }
  void log(service::Logger& logger, int lines) const {
    for (int i = 0; i < lines; ++i) {
      logger.request(urls_[static_cast<std::size_t>(i) % urls_.size()], "127.0.0.1",
                     "ApacheBench/2.3");
    }
  }

 private:
  std::vector<std::string> urls_;
};

// What the stage answers to each word, and so shows that it still works.
Answers bodies(const service::Rig<>& rig, const Words& words) {
  Answers answers;
  for (const std::string& word : words) {
    answers["LeftpadHandler"].push_back(rig.answer(service::leftpad_request(word)).body);
  }
  return answers;
}

struct Blocking {
  bool blocked = false;  // another thread could not log for as long as a write of this one lasted
  int lines = 0;         // lines logged by all threads
};

Blocking log_during_writes(service::Logger& logger, const Lines& lines) {
  Blocking found;
  std::thread other;
  counting::set_write_hook([&] {
    if (found.blocked) return;
    std::promise<void> logged;
    std::future<void> done = logged.get_future();
    other = std::thread([&logger, &lines, logged = std::move(logged)]() mutable {
      lines.log(logger, 1);
      logged.set_value();
    });
    ++found.lines;
    found.blocked = done.wait_for(kPatience) != std::future_status::ready;
    if (!found.blocked) other.join();
  });
  lines.log(logger, kLines);
  logger.flush();
  counting::set_write_hook({});
  if (other.joinable()) other.join();
  logger.flush();
  found.lines += kLines;
  return found;
}

std::string padded_number(int number) {
  const std::string digits = std::to_string(number);
  return std::string(8 - digits.size(), '0') + digits;
}

}  // namespace

Counted logger(const Words& words) {
  const TempLog log;
  service::Rig<> rig(log.path());
  const Lines lines(words);
  lines.log(rig.logger, 1);
  rig.logger.flush();
  const counting::Count before = counting::now();
  lines.log(rig.logger, kLines);
  rig.logger.flush();
  const counting::Count used = counting::now() - before;
  return {{{"writes", static_cast<std::int64_t>(used.writes)},
           {"allocations_under_lock", static_cast<std::int64_t>(used.allocations_under_lock)},
           {"allocations", static_cast<std::int64_t>(used.allocations)}},
          {{"log", {log.text()}}}};
}

Counted blocking(const Words& words) {
  const TempLog log;
  service::Rig<> rig(log.path());
  const Blocking found = log_during_writes(rig.logger, Lines(words));
  const std::int64_t missing = found.lines - log.lines();
  return {{{"write_blocks_others", found.blocked ? 1 : 0}, {"lines_missing", missing}},
          bodies(rig, words)};
}

Counted growth(const Words& words) {
  service::Rig<> rig;
  const auto request = [&rig](int from, int to) {
    for (int i = from; i < to; ++i) {
      rig.answer(service::leftpad_request(padded_number(i), "50", "agent"));
    }
    rig.logger.flush();
    return counting::live_bytes();
  };
  request(0, 10);
  const std::int64_t after_n = request(10, 10 + kRequests);
  const std::int64_t after_2n = request(10 + kRequests, 10 + 2 * kRequests);
  return {{{"live_bytes_growth", after_2n - after_n}}, bodies(rig, words)};
}

Counted sharing(const Words& words) {
  constexpr int kThreads = 4;
  service::Rig<> rig;
  if (service::counter_of_this_thread == nullptr) return {{}, bodies(rig, words)};
  std::vector<std::intptr_t> addresses;
  std::uint64_t counted = 0;
  std::vector<std::promise<void>> leave(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {  // all at once: a thread that ended could lend its counter
    std::promise<const std::atomic<std::uint64_t>*> counter;
    auto found = counter.get_future();
    threads.emplace_back([&rig, &leave, i, counter = std::move(counter)]() mutable {
      rig.answer(service::leftpad_request("test", "50", "agent"));
      counter.set_value(service::counter_of_this_thread());
      leave[static_cast<std::size_t>(i)].get_future().wait();
    });
    const std::atomic<std::uint64_t>* own = found.get();
    addresses.push_back(reinterpret_cast<std::intptr_t>(own));
    counted += *own;
  }
  std::sort(addresses.begin(), addresses.end());
  std::intptr_t nearest = INTPTR_MAX;
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    nearest = std::min(nearest, addresses[i] - addresses[i - 1]);
  }
  for (auto& promise : leave) promise.set_value();
  for (auto& thread : threads) thread.join();
  return {{{"counters_share_a_line", nearest < kCacheLineBytes ? 1 : 0},
           {"counted_of_4_requests", static_cast<std::int64_t>(counted)}},
          bodies(rig, words)};
}

}  // namespace grading
