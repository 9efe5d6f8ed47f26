// Checks the head of an HTTP/1 request (request line, header lines, blank line) before cpp-httplib
// parses it, and rewrites what it would misread. Called by RequestReader. Pure functions.
//
// cpp-httplib 0.11.4 skips lines that end in LF only, joins no folded line, takes the first of two
// Content-Length headers, prefers Transfer-Encoding over Content-Length, percent-decodes header
// values and leaves the body of a GET unread. A proxy in front may read the same bytes otherwise:
// then one client's body becomes another's request (request smuggling). So whatever RFC 9112 calls
// invalid or ambiguous is refused here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/server/server_options.h"

namespace service {

// Why a request is refused: an HTTP status and static text that states the rule.
struct Rejection {
  int status = 0;  // 0: not refused
  std::string_view message;

  explicit operator bool() const { return status != 0; }
};

struct RequestHead {
  bool http11 = false;
  bool keep_alive = false;
  bool chunked = false;
  bool has_content_length = false;
  bool expects_continue = false;
  std::uint64_t content_length = 0;
  bool needs_rewrite = false;  // cpp-httplib must get rewrite_head(head) instead
};

// Checks `head`, which ends with the first blank line, and fills `out`. On a rejection `out` is
// unspecified. Grammar: RFC 9110 and 9112.
Rejection parse_head(std::string_view head, const ServerOptions& limits, RequestHead& out);

// The head that cpp-httplib gets if `needs_rewrite`. Absolute URIs become a path; a second '?', and
// an '=' in a value or at the start of a parameter, are percent-encoded; dropped are Range (answers
// are small, and its regex is recursive), Expect and Transfer-Encoding (dealt with by
// RequestReader), and REMOTE_ADDR and the like, which cpp-httplib adds itself and a client could
// forge. '%' in a field value is encoded, since it would be decoded. A chunked body of `body_bytes`
// gets a Content-Length.
std::string rewrite_head(std::string_view head, bool chunked, std::size_t body_bytes);

// True if the field line `name: value` is well formed. Used for the trailers of a chunked body,
// too.
bool split_field(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace service
