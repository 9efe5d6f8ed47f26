// Everything a stage must define. A stage is a directory v<N>-<name>/ with the files named below;
// which stage a program gets is decided when it is linked, so no symbol carries a stage's name.
// The contract suite (common/tests) and the benchmarks (common/benchmarks) are built once per
// stage.
//
//   leftpad.cpp            leftpad()
//   logger.h   logger.cpp  class Logger
//   statsd.h   statsd.cpp  class StatsD
//   handlers.cpp           timed_handler(), leftpad_handler()
//
// All functions and classes are safe to use from several threads at once.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

// Logger(LogFile& file, LogLevel level)
//   request(url, client_ip, user_agent)   writes `<time> request url="…" ip="…" user_agent="…"`.
//   timing(name, elapsed)                 debug level: `<time> timing handler="…" elapsed_us=…`.
//   flush()                               hands every line accepted so far to the file.
//   <time> is UTC with microseconds, taken during the call. Lines of one thread are in the order of
//   their calls; lines of several threads may be out of the order of their times by a moment.
//   Control characters in values are escaped (log_escape.h).
#include "logger.h"  // IWYU pragma: export

// StatsD(Transport& transport, StatsDOptions options)
//   timing(name, milliseconds)  increment(name)  histogram(name, value)
//   Each sends `<prefix>.<name>:<value>|<ms|c|h>[|@<rate>]` to the transport. `:`, `|`, `@` and
//   control characters in a name become `_`; prefix and rate must be valid (statsd_options.h). A
//   value is fixed notation with at most six decimals and no trailing zeros in any locale; a value
//   that is not finite is not sent.
#include "statsd.h"  // IWYU pragma: export

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace service {

// What a handler works with. Everything referred to outlives the server.
struct Services {
  Logger& logger;
  StatsD& statsd;
  std::size_t max_len;  // largest `len` accepted, in code points
};

using HandlerFunction = void (*)(const Services&, const httplib::Request&, httplib::Response&);

// As httplib::Server::Handler.
using HttpHandler = std::function<void(const httplib::Request&, httplib::Response&)>;

// `str` with copies of `pad` (one code point, UTF-8) in front, until it has `len` code points.
// Returns `str` when it is long enough. Precondition: both are valid UTF-8.
std::string leftpad(std::string_view str, std::size_t len, std::string_view pad);

// A handler that runs `next`, logs how long it took and sends `request.<name>.timing` (ms) and
// `request.<name>.count`.
HttpHandler timed_handler(const Services& services, std::string_view name, HandlerFunction next);

// Answers GET /v1/leftpad/?str=&len=&chr= (leftpad_api.h): logs the request, sends the
// `request.str.len` histogram, and sets status and body. Content-Type is the server's default.
void leftpad_handler(const Services& services, const httplib::Request& request,
                     httplib::Response& response);

}  // namespace service
