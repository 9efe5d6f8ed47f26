// Probes of what a stage remembers of its last requests (labs 15 and 17).
#include <cstdint>
#include <string>
#include <string_view>

#include "benchmarks/rig.h"
#include "grading/probes.h"

// Only the stages of these labs define them.
namespace service {
[[gnu::weak]] std::uint64_t unusual_texts();
[[gnu::weak]] std::string_view last_url_of_this_thread();
[[gnu::weak]] std::uint32_t typical_length();
}  // namespace service

// callgrind counts what this function runs. With C's linkage, so that its name is short.
extern "C" [[gnu::noinline]] void handle_requests(const service::Rig<>& rig,
                                                  const std::vector<httplib::Request>& requests,
                                                  int count) {
  for (int i = 0; i < count; ++i) {
    rig.answer(requests[static_cast<std::size_t>(i) % requests.size()]);
  }
}

namespace grading {
namespace {

constexpr int kOrdinary = 500;
constexpr int kMany = 18'000;

std::vector<httplib::Request> requests(const Words& words) {
  std::vector<httplib::Request> made;
  for (const std::string& word : words) made.push_back(service::leftpad_request(word));
  return made;
}

Answers bodies(const service::Rig<>& rig, const std::vector<httplib::Request>& requests) {
  Answers answers;
  for (const auto& request : requests) {
    answers["LeftpadHandler"].push_back(rig.answer(request).body);
  }
  return answers;
}

Counted handled(const Words& words, int count) {
  service::Rig<> rig;
  const auto asked = requests(words);
  Counted counted{{}, bodies(rig, asked)};  // what is made once is made here
  handle_requests(rig, asked, count);
  return counted;
}

}  // namespace

Counted recent(const Words& words) {
  service::Rig<> rig;
  const auto asked = requests(words);
  if (service::unusual_texts == nullptr || service::last_url_of_this_thread == nullptr) {
    return {{}, bodies(rig, asked)};
  }
  handle_requests(rig, asked, 3000);
  const bool shown =
      service::last_url_of_this_thread().find(words[2999 % words.size()]) != std::string_view::npos;
  const std::uint64_t before = service::unusual_texts();
  // Ten times as long as the mean of before; the 57th of them is less than eight times the mean.
  handle_requests(rig, {service::leftpad_request(std::string(40, words[0][0]))}, 1000);
  return {{{"unusual_of_1000", static_cast<std::int64_t>(service::unusual_texts() - before)},
           {"last_url_is_shown", shown ? 1 : 0}},
          bodies(rig, asked)};
}

Counted first_requests(const Words& words) { return handled(words, kOrdinary); }

Counted many_requests(const Words& words) { return handled(words, kMany); }

Counted typical(const Words& words) {
  constexpr int kRemembered = 262'144;
  constexpr int kRefreshed = 8192;
  service::Rig<> rig;
  const auto asked = requests(words);
  if (service::typical_length == nullptr) return {{}, bodies(rig, asked)};
  const std::vector<httplib::Request> longer = {
      service::leftpad_request(std::string(40, words[0][0]))};
  handle_requests(rig, asked, kRemembered);
  handle_requests(rig, longer, kRemembered / 2 - kRefreshed);
  const std::int64_t before = service::typical_length();
  handle_requests(rig, longer, 2 * kRefreshed);
  return {{{"typical_length_when_most_are_4", before},
           {"typical_length_when_most_are_40", service::typical_length()}},
          bodies(rig, asked)};
}

}  // namespace grading
