// Answers of the endpoints, with the headers that pprof and browsers expect.
// Used by every endpoint; thread-safe (each call touches its own response).
#pragma once

#include <httplib.h>

#include <chrono>
#include <string>

namespace pprof::internal {

// An error for the client: what was wrong, the rule, and what to do.
struct HttpError {
  int status = 400;
  std::string text = {};                // one line, without a newline
  std::chrono::seconds retry_after{0};  // 0: no Retry-After header
  std::string allow = {};               // for 405: the methods that are allowed
};

// pprof shows the text of an error only with X-Go-Pprof and text/plain.
void reply_error(httplib::Response& response, const HttpError& error);

// Headers of every answer: nothing is guessed, nothing is cached.
void set_common_headers(httplib::Response& response);

// Announces a file to save, as Go does.
void set_attachment(httplib::Response& response, const std::string& filename);

inline constexpr char kPlainText[] = "text/plain; charset=utf-8";
inline constexpr char kBinary[] = "application/octet-stream";
inline constexpr char kJson[] = "application/json";

}  // namespace pprof::internal
