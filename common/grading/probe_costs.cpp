// Probes of what one call costs: allocations and bytes.
#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "benchmarks/rig.h"
#include "grading/counting.h"
#include "grading/probes.h"
#include "grading/temp_log.h"

namespace grading {

// Outside of the anonymous namespace: callgrind counts what this function runs.
[[gnu::noinline]] void loop_over(const std::function<std::string(std::size_t)>& call,
                                 std::vector<std::string>& said) {
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = call(i);
}

namespace {

constexpr std::size_t kWarmUps = 40;  // let buffers and caches come into being

// Takes the last packet without allocating memory.
class LastPacket final : public service::Transport {
 public:
  LastPacket() { text_.reserve(kMaxPacketBytes); }
  const std::string& text() const { return text_; }

 private:
  bool deliver(std::string_view packet) override {
    text_ = packet;
    return true;
  }
  std::string text_;
};

using Requests = std::vector<httplib::Request>;

// One for each word; `agent` and `ip` make theirs of it.
template <class Agent, class Ip>
Requests requests(const Words& words, Agent agent, Ip ip) {
  Requests made;
  std::transform(words.begin(), words.end(), std::back_inserter(made), [&](const auto& word) {
    return service::leftpad_request(word, "50", agent(word), ip(word));
  });
  return made;
}

std::string four_digits(const std::string& word) { return std::to_string(word[0] * 100 + word[1]); }
// Three digits before the point: what a stream writes without rounding.
double value(const std::string& word) {
  return 100 + 26 * (word[0] - 'A') + (word[1] - 'A') + 0.125;
}
std::string agent12(const std::string& word) { return word + "/7.88.1 "; }
std::string agent31(const std::string& word) { return word + "/5.0 (X11; Linux x86_64) Fi"; }
std::string ip12(const std::string& word) { return "10.101." + four_digits(word).insert(2, "."); }
std::string ip39(const std::string& word) {
  return "2001:0db8:85a3:0000:0000:8a2e:0370:" + four_digits(word);
}

// Calls with one number after the other, and gives what was said.
struct Asked {
  std::string name;
  std::function<std::string(std::size_t)> call;
};

struct Bench {
  explicit Bench(const Words& w) : words(w) {}

  const Words& words;
  service::Rig<> rig;
  LastPacket packet;
  service::StatsD statsd{packet, {}};
  Requests asked = requests(
      words, [](const auto&) { return "ApacheBench/2.3"; },
      [](const auto&) { return "127.0.0.1"; });
  std::string timing = "request.leftpad.timing";
  service::HttpHandler timed =
      timed_handler(rig.services, "leftpad",
                    [](const service::Services&, const httplib::Request&, httplib::Response&) {});

  std::string pad(std::size_t i, std::size_t len, std::string_view with) const {
    return service::leftpad(words[i], len, with);
  }
  std::string pad(std::size_t i, std::size_t len) const {
    return pad(i, len, std::string_view(words[i]).substr(0, 1));
  }
  std::vector<Asked> operations() {
    return {{"TimedHandler",
             [this](std::size_t i) {
               httplib::Response response;
               timed(asked[i], response);
               return std::string();
             }},
            {"LeftpadHandler",
             [this](std::size_t i) {
               httplib::Response response;
               leftpad_handler(rig.services, asked[i], response);
               return std::move(response.body);
             }},
            {"Leftpad10", [this](std::size_t i) { return pad(i, 10); }},
            {"Leftpad50", [this](std::size_t i) { return pad(i, 50); }},
            {"LeftpadWide", [this](std::size_t i) { return pad(i, 1000, "→"); }},
            {"StatsD", [this](std::size_t i) {
               statsd.timing(timing, value(words[i]));
               return std::string();
             }}};
  }
};

// What one call costs, on the average of many with inputs that no call before had.
struct Cost {
  std::int64_t allocations, bytes;
};
Cost cost(const std::function<std::string(std::size_t)>& call, std::vector<std::string>& said,
          std::size_t inputs) {
  if (inputs <= kWarmUps) throw std::invalid_argument("more words are needed");
  said.resize(inputs);
  for (std::size_t i = 0; i < kWarmUps; ++i) said[i] = call(i);
  const counting::Count before = counting::now();
  for (std::size_t i = kWarmUps; i < inputs; ++i) said[i] = call(i);
  const counting::Count used = counting::now() - before;
  const std::size_t calls = inputs - kWarmUps;
  const auto each = [calls](std::uint64_t sum) {
    return static_cast<std::int64_t>((sum + calls / 2) / calls);
  };
  return {each(used.allocations), each(used.bytes)};
}

// 1 if every user agent stands in the log line of its request.
std::int64_t logs_agents(const Words& words) {
  const TempLog log;
  service::Rig<> rig(log.path());
  for (const std::string& word : words) {
    rig.answer(service::leftpad_request("test", "50", agent31(word)));
  }
  rig.logger.flush();
  const std::string text = log.text();
  return std::all_of(words.begin(), words.end(), [&text](const auto& word) {
    return text.find("user_agent=\"" + agent31(word) + "\"") != std::string::npos;
  });
}

}  // namespace

Counted operations(const Words& words) {
  Counted counted;
  Bench bench(words);
  for (const Asked& operation : bench.operations()) {
    const Cost used = cost(operation.call, counted.answers[operation.name], words.size());
    counted.metrics[operation.name + ".allocations"] = used.allocations;
    counted.metrics[operation.name + ".bytes"] = used.bytes;
  }
  counted.answers["last packet"] = {bench.packet.text()};
  return counted;
}

Counted inputs(const Words& words) {
  Counted counted;
  Bench bench(words);
  const auto count = [&](const std::string& name, const auto& call) {
    counted.metrics[name] = cost(call, counted.answers[name], words.size()).allocations;
  };
  const auto handle = [&](const std::string& name, const Requests& asked) {
    count(name, [&](std::size_t i) {
      httplib::Response response;
      bench.rig.handler(asked[i], response);
      return std::move(response.body);
    });
  };
  handle("handler.agent_12_chars", requests(words, agent12, ip12));
  handle("handler.agent_31_chars", requests(words, agent31, ip12));
  handle("handler.ip_39_chars", requests(words, agent12, ip39));
  for (const std::size_t len : {10, 50, 1000}) {
    count("leftpad.len_" + std::to_string(len), [&](std::size_t i) { return bench.pad(i, len); });
  }
  count("leftpad.len_50_wide_pad", [&](std::size_t i) { return bench.pad(i, 50, "→"); });
  const auto send = [&](const std::string& name, const std::string& metric, double base) {
    count(name, [&, metric, base](std::size_t i) {
      bench.statsd.timing(metric, base + value(words[i]));
      return std::string();
    });
  };
  send("StatsD.long_name", "request.a_name_that_no_table_can_know", 0);
  send("StatsD.large_value", "request.leftpad.timing", 123456780000);
  counted.metrics["handler.agent_31_chars_logged"] = logs_agents(words);
  counted.answers["last packet"] = {bench.packet.text()};
  return counted;
}

Counted loop(const std::string& name, const Words& words) {
  Bench bench(words);
  for (const Asked& operation : bench.operations()) {
    if (operation.name != name) continue;
    operation.call(0);
    std::vector<std::string> said(words.size());
    loop_over(operation.call, said);
    return {{}, {{name, said}, {"last packet", {bench.packet.text()}}}};
  }
  throw std::invalid_argument(name + ": no such operation");
}

}  // namespace grading
