// Probes of what one call costs: allocations and bytes.
#include <stdexcept>

#include "benchmarks/operations.h"
#include "benchmarks/rig.h"
#include "grading/counting.h"
#include "grading/probes.h"
#include "grading/temp_log.h"

namespace grading {
namespace {

// The first call lets buffers and caches come into being.
template <class Call>
counting::Count cost(Call call) {
  call();
  const counting::Count before = counting::now();
  call();
  return counting::now() - before;
}

std::int64_t handler_allocations(const service::Rig<>& rig, const std::string& user_agent,
                                 const std::string& ip) {
  const httplib::Request request = service::leftpad_request("test", "50", user_agent, ip);
  const auto used = cost([&] {
    httplib::Response response;
    rig.handler(request, response);
  });
  return static_cast<std::int64_t>(used.allocations);
}

// 1 if this user agent stands in the log line of its request.
std::int64_t logs_agent(const std::string& user_agent) {
  const TempLog log;
  service::Rig<> rig(log.path());
  rig.answer(service::leftpad_request("test", "50", user_agent));
  rig.logger.flush();
  return log.text().find("user_agent=\"" + user_agent + "\"") == std::string::npos ? 0 : 1;
}

std::int64_t metric_allocations(const std::string& name, double value) {
  service::DiscardTransport transport;
  service::StatsD statsd(transport, {});
  return static_cast<std::int64_t>(cost([&] { statsd.timing(name, value); }).allocations);
}

std::int64_t leftpad_allocations(std::size_t len, std::string_view pad) {
  return static_cast<std::int64_t>(cost([&] { service::leftpad("test", len, pad); }).allocations);
}

}  // namespace

Metrics operations() {
  Metrics metrics;
  for (const service::Operation& operation : service::operations()) {
    const counting::Count used = cost(operation.run);
    metrics[operation.name + ".allocations"] = static_cast<std::int64_t>(used.allocations);
    metrics[operation.name + ".bytes"] = static_cast<std::int64_t>(used.bytes);
  }
  return metrics;
}

Metrics inputs() {
  const service::Rig<> rig;
  const std::string agent31 = "Mozilla/5.0 (X11; Linux x86_64)";
  return {{"handler.agent_12_chars", handler_allocations(rig, "curl/7.88.1 ", "10.11.12.131")},
          {"handler.agent_31_chars", handler_allocations(rig, agent31, "10.11.12.131")},
          {"handler.ip_39_chars",
           handler_allocations(rig, "curl/7.88.1 ", "2001:0db8:85a3:0000:0000:8a2e:0370:7334")},
          {"handler.agent_31_chars_logged", logs_agent(agent31)},
          {"leftpad.len_10", leftpad_allocations(10, "*")},
          {"leftpad.len_50", leftpad_allocations(50, "*")},
          {"leftpad.len_1000", leftpad_allocations(1000, "*")},
          {"leftpad.len_50_wide_pad", leftpad_allocations(50, "→")},
          {"StatsD.long_name", metric_allocations("request.a_name_that_no_table_can_know", 0.125)},
          {"StatsD.large_value", metric_allocations("request.leftpad.timing", 123456789012.5)}};
}

Metrics loop(const std::string& name, int iterations) {
  for (const service::Operation& operation : service::operations()) {
    if (operation.name != name) continue;
    operation.run();
    for (int i = 0; i < iterations; ++i) operation.run();
    return {{"iterations", iterations}};
  }
  throw std::invalid_argument(name + ": no such operation");
}

}  // namespace grading
