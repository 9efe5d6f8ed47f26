// Headers and error bodies; see reply.h.
#include "http/reply.h"

#include <utility>

namespace pprof::internal {

Response reply(const std::string& content_type, std::string body) {
  return {.headers = {{"Content-Type", content_type},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

Response error_reply(const HttpError& error) {
  Response response = reply(kPlainText, error.text + "\n");
  response.status = error.status;
  response.headers.emplace_back("X-Go-Pprof", "1");
  if (error.retry_after.count() > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after.count()));
  }
  if (!error.allow.empty()) response.headers.emplace_back("Allow", error.allow);
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace pprof::internal
