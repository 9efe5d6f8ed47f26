#include <chrono>

#include "leftpad_api.h"
#include "stage.h"
#include "utf8.h"

namespace service {
namespace {

std::string_view header(const httplib::Request& request, const char* name) {
  const auto it = request.headers.find(name);
  return it == request.headers.end() ? std::string_view{} : std::string_view(it->second);
}

}  // namespace

httplib::Server::Handler timed_handler(const Services& services, std::string_view name,
                                       HandlerFunction next) {
  const std::string metric = "request." + std::string(name);
  return [services, name = std::string(name), timing = metric + ".timing",
          count = metric + ".count", next](const auto& request, auto& response) {
    const auto start = std::chrono::steady_clock::now();
    next(services, request, response);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    services.logger.timing(name, std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed));
    services.statsd.timing(timing, elapsed.count());
    services.statsd.increment(count);
  };
}

void leftpad_handler(const Services& services, const httplib::Request& request,
                     httplib::Response& response) {
  services.logger.request(request.target, request.remote_addr, header(request, "User-Agent"));
  const ParsedQuery parsed = parse_leftpad_query(request.params, services.max_len);
  if (!parsed.error.empty()) {
    response.status = 400;
    response.body = encode_error(parsed.error);
    return;
  }
  const LeftpadQuery& query = parsed.query;
  services.statsd.histogram("request.str.len", static_cast<double>(code_points(query.str)));
  response.body = encode_answer(leftpad(query.str, query.len, query.chr));
}

}  // namespace service
