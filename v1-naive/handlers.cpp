#include <httplib.h>

#include <chrono>

#include "leftpad_api.h"
#include "stage.h"
#include "utf8.h"

namespace service {

HttpHandler timed_handler(const Services& services, std::string_view name, HandlerFunction next) {
  return [services, name = std::string(name), next](const auto& request, auto& response) {
    const auto start = std::chrono::steady_clock::now();
    next(services, request, response);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    services.logger.timing(name, std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed));
    services.statsd.timing("request." + name + ".timing", elapsed.count());
    services.statsd.increment("request." + name + ".count");
  };
}

void leftpad_handler(const Services& services, const httplib::Request& request,
                     httplib::Response& response) {
  services.logger.request(request.target, request.remote_addr,
                          request.get_header_value("User-Agent"));
  const auto parsed = parse_leftpad_query(request.params, services.max_len);
  if (!parsed) {
    response.status = 400;
    response.body = encode_error(parsed.error());
    return;
  }
  const LeftpadQuery& query = *parsed;
  services.statsd.histogram("request.str.len", static_cast<double>(code_points(query.str)));
  const std::string padded = leftpad(query.str, query.len, query.chr);
  response.body = encode_answer(padded);
}

}  // namespace service
