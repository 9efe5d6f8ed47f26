// Checks and parses the head of an HTTP/1 request (request line, header lines, blank line), which
// cpp-httplib then gets ready made. Called by the buffered connection. Pure functions.
//
// cpp-httplib reads more than RFC 9112 allows, and otherwise in each version. A proxy in front may
// read the same bytes otherwise: then one client's body becomes another's request (request
// smuggling). So whatever RFC 9112 calls invalid or ambiguous is refused here, and of the rest what
// this service has no use for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "app/server/server_options.h"

namespace service {

// Why a request is refused: an HTTP status, and a text that states the rule.
struct Rejection {
  int status = 400;
  std::string message;
};

struct Field {
  std::string_view name;
  std::string_view value;
};

// Every view points into the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // without scheme and authority: may start with '?'
  std::string_view path;    // percent-encoded, not empty; also "*" and CONNECT's authority
  std::string_view query;   // without its '?'
  bool http11 = false;
  bool keep_alive = false;
  std::uint64_t content_length = 0;
  std::vector<Field> fields;  // without those that are not for a handler
};

// Takes the text before `separator` off `text`; all of it if there is none.
std::string_view take_until(std::string_view& text, char separator);
// The byte that two hex digits after the '%' at `text[at]` stand for.
std::optional<unsigned char> percent_byte(std::string_view text, std::size_t at);

// `head` ends with the first blank line. Grammar: RFC 9110 and 9112.
//
// Left out of `fields`: Range and If-Range, since answers are small, and whole; REMOTE_ADDR and the
// like, which cpp-httplib adds itself and a client could forge.
tl::expected<RequestHead, Rejection> parse_head(std::string_view head, const ServerOptions& limits);

// Sets method, target, path, version, fields and parameters of `request`, not the body. Path and
// parameters are percent-decoded, '+' in a parameter is a space. A '%' without two hex digits stays
// as it is, and a parameter without a name is left out.
void fill_request(const RequestHead& head, httplib::Request& request);

}  // namespace service
