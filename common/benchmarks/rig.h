// A stage's handlers with all that the service has around them, and requests for them. Used by the
// benchmarks, the probes of the labs and the contract suite. As thread-safe as the stage.
#pragma once

#include <httplib.h>

#include <string>

#include "stage.h"

namespace service {

template <class Metrics = DiscardTransport>
struct Rig {
  explicit Rig(const std::string& log_path = "/dev/null", const StatsDOptions& options = {},
               std::size_t max_len = 65536)
      : log(log_path), statsd(transport, options), services{logger, statsd, max_len} {}
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Of the whole chain of handlers.
  httplib::Response answer(const httplib::Request& request) const {
    httplib::Response response;
    handler(request, response);
    return response;
  }

  LogFile log;
  Logger logger{log, LogLevel::kInfo};
  Metrics transport;
  StatsD statsd;
  Services services;
  HttpHandler handler = timed_handler(services, "leftpad", leftpad_handler);
};

// What `ab` sends in the walkthrough, unless told otherwise.
inline httplib::Request leftpad_request(const std::string& str = "test",
                                        const std::string& len = "50",
                                        const std::string& user_agent = "ApacheBench/2.3",
                                        const std::string& ip = "127.0.0.1") {
  httplib::Request request;
  request.method = "GET";
  request.path = "/v1/leftpad/";
  request.target = request.path + "?str=" + str + "&len=" + len + "&chr=*";
  request.remote_addr = ip;
  request.headers = {{"Host", "127.0.0.1:8080"}, {"User-Agent", user_agent}, {"Accept", "*/*"}};
  request.params = {{"str", str}, {"len", len}, {"chr", "*"}};
  return request;
}

}  // namespace service
