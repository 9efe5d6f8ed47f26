// Bodies of requests. Used by mount.cpp. Thread-safe: each call touches its own request.
//
// What a handler leaves unread of a body, httplib takes for the next request on the connection: so
// a body is read to its end, or the connection ends.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>

#include "http/reply.h"

namespace pprof::internal {

struct Body {
  std::string text;                // at most 256 KiB
  std::optional<HttpError> error;  // 400 or 413: what an endpoint that wants a body answers
  bool is_read = true;             // to its end; if not, close_after() is to follow the answer
};

// Reads all of the body, however long it is. Never fails.
Body read_body(const httplib::Request& request, const httplib::ContentReader& reader);

// Ends the connection when the text of this response is sent. It must have one.
void close_after(httplib::Response& response);

}  // namespace pprof::internal
