// Checks and parses request heads; see request_head.h.
#include "app/server/request_head.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace service {
namespace {

constexpr std::size_t kMaxMethodBytes = 32;

using Checked = tl::expected<void, Rejection>;
using Refused = tl::unexpected<Rejection>;

Refused refuse(int status, std::string message) {
  return Refused(Rejection{status, std::move(message)});
}

using CharTable = std::array<bool, 256>;

constexpr CharTable make_table(std::string_view punctuation) {
  CharTable table{};
  for (const char c : punctuation) table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) table[c] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  return table;
}
constexpr CharTable kToken = make_table("!#$%&'*+-.^_`|~");
constexpr CharTable kHost = make_table(".-_~:[]%!$&'()*+;=");
constexpr CharTable kNeverEncoded = make_table("-._~/\\");

bool all_of(std::string_view text, const CharTable& table) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool is_token(std::string_view text) { return !text.empty() && all_of(text, kToken); }

bool equals(std::string_view text, std::string_view other) {
  return text.size() == other.size() && strncasecmp(text.data(), other.data(), text.size()) == 0;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Takes the first line off `text`, without its CRLF, which must be there.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return line;
}

// Bytes from 0x80 up are let through: curl sends what the user typed.
bool is_target_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

// Splits off scheme and authority of an absolute-form target; empty if it is not one.
std::string_view path_of_absolute(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals(scheme, "http") && !equals(scheme, "https")) return {};
  const auto path = target.find_first_of("/?", scheme_end + 3);
  if (path == scheme_end + 3) return {};  // no authority
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

// A path is encoded only where it must be: what is encoded without need, or a separator that is, a
// proxy in front may have read otherwise.
bool is_plainly_encoded(std::string_view path) {
  for (std::size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1)) {
    const auto byte = percent_byte(path, i);
    if (!byte || kNeverEncoded[*byte] || *byte < 0x20 || *byte == 0x7f) return false;
  }
  return true;
}

Checked parse_target(std::string_view target, std::size_t max_path_bytes, RequestHead& out) {
  if (!std::all_of(target.begin(), target.end(), is_target_char)) {
    return refuse(400, "invalid byte in the request target: percent-encode spaces, controls, '#'");
  }
  const bool is_path = target.starts_with('/') || out.method == "CONNECT" ||
                       (target == "*" && out.method == "OPTIONS");
  if (!is_path) target = path_of_absolute(target);
  if (target.empty()) return refuse(400, "request target must be a path or an http:// URI");
  out.target = target;
  out.path = take_until(target, '?');
  out.query = target;
  if (out.path.empty()) out.path = "/";
  if (out.path.size() > max_path_bytes) {
    return refuse(414,
                  "request path too long: at most " + std::to_string(max_path_bytes) + " bytes");
  }
  if (!is_plainly_encoded(out.path)) {
    return refuse(400,
                  "percent-encode in a path only what needs it, with two hex digits; never '/'");
  }
  return {};
}

Checked parse_request_line(std::string_view line, std::size_t max_path_bytes, RequestHead& out) {
  out.method = take_until(line, ' ');
  const std::string_view target = take_until(line, ' ');
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool has_version = line.size() == 8 && line.starts_with("HTTP/") && is_digit(line[5]) &&
                           line[6] == '.' && is_digit(line[7]);
  if (!is_token(out.method) || out.method.size() > kMaxMethodBytes || target.empty() ||
      !has_version) {
    return refuse(400, "malformed request line: it is METHOD SP TARGET SP HTTP/1.1");
  }
  // RFC 9110, 2.5: a higher minor version counts as the highest that is known.
  if (line[5] != '1') return refuse(505, "unsupported HTTP version: use HTTP/1.1 or HTTP/1.0");
  out.http11 = line[7] != '0';
  return parse_target(target, max_path_bytes, out);
}

// What has to be known of all fields together.
struct Seen {
  bool host = false;
  bool content_length = false;
  bool close = false;
  bool keep_alive = false;
  bool encoded = false;
};

Checked parse_content_length(std::string_view value, std::size_t max_body_bytes, Seen& seen,
                             RequestHead& out) {
  if (seen.content_length) return refuse(400, "Content-Length more than once: send it once");
  seen.content_length = true;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, out.content_length);
  const bool out_of_range = error == std::errc::result_out_of_range;
  // from_chars takes no sign, space or prefix for an unsigned number.
  if ((error != std::errc() && !out_of_range) || stop != end) {
    return refuse(400, "Content-Length must be decimal digits");
  }
  if (out_of_range || out.content_length > max_body_bytes) {
    return refuse(
        413, "request body too large: send at most " + std::to_string(max_body_bytes) + " bytes");
  }
  return {};
}

void parse_connection(std::string_view value, Seen& seen) {
  while (!value.empty()) {
    const std::string_view option = trim(take_until(value, ','));
    seen.close = seen.close || equals(option, "close");
    seen.keep_alive = seen.keep_alive || equals(option, "keep-alive");
  }
}

Checked parse_field(const Field& field, std::size_t max_body_bytes, Seen& seen, RequestHead& out) {
  const auto is = [&field](std::string_view name) { return equals(field.name, name); };
  if (is("host")) {
    if (seen.host || !all_of(field.value, kHost)) {
      return refuse(400, "one valid Host header is required");
    }
    seen.host = true;
  } else if (is("connection")) {
    parse_connection(field.value, seen);
    return {};
  } else if (is("content-length")) {
    Checked length = parse_content_length(field.value, max_body_bytes, seen, out);
    if (!length) return length;
  } else if (is("transfer-encoding")) {
    return refuse(411, "chunked bodies are not taken: send a Content-Length");
  } else if (is("expect")) {
    if (out.http11) return refuse(417, "Expect is not supported: send the request without it");
    return {};                          // RFC 9110, 10.1.1: HTTP/1.0 does not know it
  } else if (is("content-encoding")) {  // of two such fields either counts
    seen.encoded = seen.encoded || !equals(field.value, "identity");
  } else if (is("content-type")) {
    seen.encoded = seen.encoded || equals(field.value.substr(0, 19), "multipart/form-data");
  } else if (is("range") || is("if-range") || is("remote_addr") || is("remote_port") ||
             is("local_addr") || is("local_port")) {
    return {};
  }
  out.fields.push_back(field);
  return {};
}

Checked check_fields(const Seen& seen, RequestHead& out) {
  if (out.http11 && !seen.host) return refuse(400, "HTTP/1.1 requires a Host header");
  // cpp-httplib would unpack without a limit, and parse forms with a recursive regex.
  if (out.content_length > 0 && seen.encoded) {
    return refuse(415, "neither compressed request bodies nor multipart forms are taken");
  }
  out.keep_alive = !seen.close && (out.http11 || seen.keep_alive);
  return {};
}

// False if the line `name: value` is malformed. A space before the colon or at the start of the
// line (a folded line) is no token.
bool split_field(std::string_view line, Field& out) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  out = {line.substr(0, colon), trim(line.substr(colon + 1))};
  return is_token(out.name) && std::none_of(out.value.begin(), out.value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\t') || byte == 0x7f;
         });
}

}  // namespace

std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::optional<unsigned char> percent_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return std::nullopt;
  unsigned char byte = 0;
  const char* const end = text.data() + at + 3;
  const auto [stop, error] = std::from_chars(end - 2, end, byte, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return byte;
}

tl::expected<RequestHead, Rejection> parse_head(std::string_view head,
                                                const ServerOptions& limits) {
  RequestHead out;
  Checked checked = parse_request_line(take_line(head), limits.max_path_bytes, out);
  Seen seen;
  out.fields.reserve(16);  // more than usual
  std::size_t fields = 0;
  while (checked) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    Field field;
    if (++fields > limits.max_header_fields) {
      return refuse(431,
                    "more than " + std::to_string(limits.max_header_fields) + " header fields");
    }
    if (!split_field(line, field)) {
      return refuse(400, "malformed header field: it is NAME: VALUE on one line, without controls");
    }
    checked = parse_field(field, limits.max_body_bytes, seen, out);
  }
  if (checked) checked = check_fields(seen, out);
  if (!checked) return Refused(std::move(checked).error());
  return out;
}

}  // namespace service
