// Headers and error bodies; see reply.h.
#include "http/reply.h"

namespace pprof::internal {

void set_common_headers(httplib::Response& response) {
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Cache-Control", "no-store");
}

void set_attachment(httplib::Response& response, const std::string& filename) {
  response.set_header("Content-Disposition", "attachment; filename=\"" + filename + "\"");
}

void reply_error(httplib::Response& response, const HttpError& error) {
  set_common_headers(response);
  response.status = error.status;
  response.set_header("X-Go-Pprof", "1");
  if (error.retry_after.count() > 0) {
    response.set_header("Retry-After", std::to_string(error.retry_after.count()));
  }
  if (!error.allow.empty()) response.set_header("Allow", error.allow);
  response.set_content(error.text + "\n", kPlainText);
}

}  // namespace pprof::internal
