// Probes of what stays: the logger's writes, growth.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/rig.h"
#include "grading/counting.h"
#include "grading/probes.h"
#include "grading/temp_log.h"

namespace grading {
namespace {

constexpr int kLines = 1000;
constexpr int kRequests = 5000;

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
           {"allocations", static_cast<std::int64_t>(used.allocations)}},
          {{"log", {log.text()}}}};
}

Counted growth(const Words& words) {
  service::Rig<> rig;
  // The most that lives after one of them: a cache that is cleared now and then may be empty at the
  // end.
  const auto most = [&rig](int from, int to) {
    std::int64_t bytes = 0;
    for (int i = from; i < to; ++i) {
      rig.answer(service::leftpad_request(padded_number(i), "50", "agent"));
      bytes = std::max(bytes, counting::live_bytes());
    }
    return bytes;
  };
  most(0, 10);
  const std::int64_t of_n = most(10, 10 + kRequests);
  const std::int64_t of_2n = most(10 + kRequests, 10 + 2 * kRequests);
  return {{{"live_bytes_growth", of_2n - of_n}}, bodies(rig, words)};
}

}  // namespace grading
