// Answers of the endpoints, with the headers that pprof and browsers expect.
// Used by every endpoint; thread-safe.
#pragma once

#include <string>

#include "pprof/handler.h"
#include "profiles/capture_task.h"

namespace pprof::internal {

// An error for the client: what was wrong, the rule, and what to do.
struct HttpError {
  int status = 400;
  std::string text = {};   // one line, without a newline
  std::string allow = {};  // for 405: the methods that are allowed
};

// An answer with the headers that each has: nothing is guessed, nothing is cached.
Response reply(const std::string& content_type, std::string body = {});

// What a client sent, for the text of an error: in quotes, of a long one the beginning, and nothing
// that ends the line or that a terminal obeys.
std::string quoted(std::string value);

// pprof shows the text of an error only with X-Go-Pprof and text/plain.
Response error_reply(const HttpError& error);

// `response`, which has its headers, with the result of `work` as the body to come. HEAD has no
// body, and so nothing to capture.
Response with_capture(Response response, const Request& request, CaptureTask::Work work);

inline constexpr char kPlainText[] = "text/plain; charset=utf-8";
inline constexpr char kBinary[] = "application/octet-stream";
inline constexpr char kJson[] = "application/json";

}  // namespace pprof::internal
