// A stage's handler with everything around it, for the probes. The log goes to /dev/null
// or to a given file.
#pragma once

#include <httplib.h>

#include <string>

#include "stage.h"

namespace grading {

class Rig {
 public:
  explicit Rig(const char* log_path = "/dev/null") : log_(log_path) {}

  service::Logger& logger() { return logger_; }

  // The body of the answer to one request.
  std::string get(const std::string& str, const std::string& len, const std::string& user_agent,
                  const std::string& ip = "127.0.0.1") {
    const httplib::Request request = make_request(str, len, user_agent, ip);
    httplib::Response response;
    handler_(request, response);
    return response.body;
  }

  static httplib::Request make_request(const std::string& str, const std::string& len,
                                       const std::string& user_agent, const std::string& ip) {
    httplib::Request request;
    request.method = "GET";
    request.path = "/v1/leftpad/";
    request.target = "/v1/leftpad/?str=" + str + "&len=" + len + "&chr=*";
    request.remote_addr = ip;
    request.headers = {{"Host", "127.0.0.1:8080"}, {"User-Agent", user_agent}, {"Accept", "*/*"}};
    request.params = {{"str", str}, {"len", len}, {"chr", "*"}};
    return request;
  }

  const service::HttpHandler& handler() const { return handler_; }

 private:
  service::LogFile log_;
  service::Logger logger_{log_, service::LogLevel::kInfo};
  service::DiscardTransport transport_;
  service::StatsD statsd_{transport_, {}};
  service::Services services_{logger_, statsd_, 65536};
  service::HttpHandler handler_ =
      service::timed_handler(services_, "leftpad", service::leftpad_handler);
};

}  // namespace grading
