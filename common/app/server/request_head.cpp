// Checks and rewrites request heads; see request_head.h.
#include "app/server/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace service {
namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxMethodBytes = 32;

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `lowercase` must be in lower case.
bool equals(std::string_view text, std::string_view lowercase) {
  return text.size() == lowercase.size() &&
         std::equal(text.begin(), text.end(), lowercase.begin(),
                    [](char a, char b) { return lower(a) == b; });
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

// Takes the text before `separator` off `text`; all of it if there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

Rejection check_version(std::string_view version, RequestHead& out) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") {
    out.http11 = version.back() == '1';
    return {};
  }
  const bool other_version = version.size() == 8 && version.starts_with("HTTP/") &&
                             is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (other_version) {
    return {505, "unsupported HTTP version: use HTTP/1.1 or HTTP/1.0"};
  }
  return {400, "malformed request line: it is METHOD SP TARGET SP HTTP/1.1"};
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
  if (!equals(target.substr(0, scheme_end), "http") &&
      !equals(target.substr(0, scheme_end), "https")) {
    return {};
  }
  const auto path = target.find_first_of("/?", scheme_end + 3);
  if (path == scheme_end + 3) return {};  // no authority
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

// cpp-httplib refuses a second '?', and takes what follows the last '=' for a parameter's value.
bool would_be_misread(std::string_view query) {
  if (query.find('?') != std::string_view::npos) return true;
  while (!query.empty()) {
    const std::string_view parameter = take_until(query, '&');
    const auto equal = parameter.find('=');
    if (equal == 0 || parameter.find('=', equal + 1) != std::string_view::npos) return true;
  }
  return false;
}

Rejection check_target(std::string_view method, std::string_view target, std::size_t max_path_bytes,
                       RequestHead& out) {
  if (!std::all_of(target.begin(), target.end(), is_target_char)) {
    return {400, "invalid byte in the request target: percent-encode spaces, controls and '#'"};
  }
  std::string_view path = target;
  if (!target.starts_with('/') && target != "*" && method != "CONNECT") {
    path = path_of_absolute(target);
    if (path.empty()) return {400, "request target must be a path or an http:// URI"};
    out.needs_rewrite = true;
  }
  std::string_view query = path;
  if (take_until(query, '?').size() > max_path_bytes) return {414, "request path too long"};
  out.needs_rewrite = out.needs_rewrite || would_be_misread(query);
  return {};
}

Rejection parse_request_line(std::string_view line, std::size_t max_path_bytes, RequestHead& out) {
  const std::string_view method = take_until(line, ' ');
  const std::string_view target = take_until(line, ' ');
  if (!is_token(method) || method.size() > kMaxMethodBytes || target.empty()) {
    return {400, "malformed request line: it is METHOD SP TARGET SP HTTP/1.1"};
  }
  if (Rejection bad = check_version(line, out)) return bad;
  return check_target(method, target, max_path_bytes, out);
}

// What has to be known of all fields together.
struct Seen {
  int fields = 0;
  int host = 0;
  int transfer_encoding = 0;
  bool close = false;
  bool keep_alive = false;
  bool content_encoding = false;
  bool form = false;
};

Rejection parse_content_length(std::string_view value, RequestHead& out) {
  if (out.has_content_length) return {400, "Content-Length more than once: send it once"};
  out.has_content_length = true;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, out.content_length);
  if (error == std::errc::result_out_of_range) return {413, "request body too large"};
  // from_chars takes no sign, space or prefix for an unsigned number.
  if (error != std::errc() || stop != end) return {400, "Content-Length must be decimal digits"};
  return {};
}

Rejection parse_transfer_encoding(std::string_view value, Seen& seen, RequestHead& out) {
  out.needs_rewrite = true;
  out.chunked = true;
  if (++seen.transfer_encoding > 1) return {400, "Transfer-Encoding more than once"};
  if (!equals(value, "chunked")) return {501, "unsupported Transfer-Encoding: only chunked"};
  return {};
}

Rejection parse_connection(std::string_view value, Seen& seen) {
  while (!value.empty()) {
    const std::string_view option = trim(take_until(value, ','));
    seen.close = seen.close || equals(option, "close");
    seen.keep_alive = seen.keep_alive || equals(option, "keep-alive");
  }
  return {};
}

Rejection parse_host(std::string_view value, Seen& seen) {
  static constexpr std::string_view kPunctuation = ".-_~:[]%!$&'()*+;=";
  const bool valid = std::all_of(value.begin(), value.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) ||
           kPunctuation.find(c) != std::string_view::npos;
  });
  if (++seen.host > 1 || !valid) return {400, "one valid Host header is required"};
  return {};
}

Rejection parse_expect(std::string_view value, RequestHead& out) {
  if (!equals(value, "100-continue")) return {417, "unsupported Expect: only 100-continue"};
  out.expects_continue = true;
  out.needs_rewrite = true;
  return {};
}

bool is_dropped(std::string_view name) {
  static constexpr std::string_view kDropped[] = {
      "range",       "if-range",    "expect",     "transfer-encoding",
      "remote_addr", "remote_port", "local_addr", "local_port"};
  return std::any_of(std::begin(kDropped), std::end(kDropped),
                     [name](std::string_view dropped) { return equals(name, dropped); });
}

// Cheap test first: most fields start with another letter or have another length.
Rejection parse_field(std::string_view name, std::string_view value, Seen& seen, RequestHead& out) {
  if (equals(name, "host")) return parse_host(value, seen);
  if (equals(name, "connection")) return parse_connection(value, seen);
  if (equals(name, "content-length")) return parse_content_length(value, out);
  if (equals(name, "transfer-encoding")) return parse_transfer_encoding(value, seen, out);
  if (equals(name, "expect")) return parse_expect(value, out);
  // Of two such fields cpp-httplib takes the first: either counts.
  if (equals(name, "content-encoding")) {
    seen.content_encoding = seen.content_encoding || !equals(value, "identity");
  }
  if (equals(name, "content-type")) {
    seen.form = seen.form || equals(value.substr(0, 19), "multipart/form-data");
  }
  const bool would_be_decoded = value.find('%') != std::string_view::npos;
  out.needs_rewrite = out.needs_rewrite || would_be_decoded || is_dropped(name);
  return {};
}

Rejection check_fields(const Seen& seen, const ServerOptions& limits, RequestHead& out) {
  if (out.chunked && out.has_content_length) {
    return {400, "both Content-Length and Transfer-Encoding: send one"};
  }
  if (out.chunked && !out.http11) return {400, "Transfer-Encoding needs HTTP/1.1"};
  if (out.http11 && seen.host == 0) return {400, "HTTP/1.1 requires a Host header"};
  if (out.content_length > limits.max_body_bytes) return {413, "request body too large"};
  if (!out.http11) out.expects_continue = false;  // RFC 9110, 10.1.1: it knows no interim answer
  // cpp-httplib would unpack without a limit, and parse forms with a recursive regex.
  const bool has_body = out.chunked || out.content_length > 0;
  if (has_body && seen.content_encoding) return {415, "compressed request bodies are not taken"};
  if (has_body && seen.form) return {415, "multipart forms are not taken"};
  out.keep_alive = !seen.close && (out.http11 || seen.keep_alive);
  return {};
}

// Encodes what would_be_misread. An '=' stays where it parts a name from its value.
void append_query(std::string& out, std::string_view query) {
  bool in_name = false;  // and the name has a byte
  bool in_value = false;
  for (const char c : query) {
    if (c == '?') {
      out += "%3F";
    } else if (c == '=' && (in_value || !in_name)) {
      out += "%3D";
    } else {
      out += c;
    }
    in_value = c != '&' && (in_value || (in_name && c == '='));
    in_name = c != '&';
  }
}

std::string rewrite_request_line(std::string_view line) {
  std::string out(take_until(line, ' '));
  std::string_view target = take_until(line, ' ');
  out += ' ';
  if (!target.starts_with('/') && target != "*" && out != "CONNECT ") {
    target = path_of_absolute(target);
    if (target.starts_with('?')) out += '/';
  }
  const auto query = std::min(target.find('?'), target.size() - 1) + 1;
  out += target.substr(0, query);
  append_query(out, target.substr(query));
  return out.append(" ").append(line).append("\r\n");
}

// cpp-httplib percent-decodes field values, which no RFC asks for: encoded, they arrive as sent.
void append_field(std::string& out, std::string_view line) {
  const std::size_t value = line.find(':');
  out += line.substr(0, value);
  for (const char c : line.substr(value)) {
    if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  out += "\r\n";
}

// What cpp-httplib gets must not exceed its own limit, or its answer would give a false reason.
Rejection check_rewritten_line(std::string_view line, const ServerOptions& limits) {
  if (rewrite_request_line(line).size() <= limits.max_request_line_bytes + 2) return {};
  return {414,
          "request line too long: at most 8190 bytes, where '?' in a query and '=' in a value "
          "count as three"};
}

Rejection check_rewritten_field(std::string_view line, const ServerOptions& limits) {
  const auto percents = std::count(line.begin(), line.end(), '%');
  if (line.size() + 2 * static_cast<std::size_t>(percents) <= limits.max_header_line_bytes) {
    return {};
  }
  return {431, "header field too long: at most 8190 bytes, where a '%' counts as three"};
}

}  // namespace

bool split_field(std::string_view line, std::string_view& name, std::string_view& value) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  name = line.substr(0, colon);
  value = trim(line.substr(colon + 1));
  // A space before the colon or at the start of the line (a folded line) is not a token either.
  return is_token(name) && std::none_of(value.begin(), value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\t') || byte == 0x7f;
         });
}

Rejection parse_head(std::string_view head, const ServerOptions& limits, RequestHead& out) {
  out = RequestHead();
  const std::string_view request_line = take_line(head);
  if (Rejection bad = parse_request_line(request_line, limits.max_path_bytes, out)) return bad;
  if (out.needs_rewrite) {
    if (Rejection bad = check_rewritten_line(request_line, limits)) return bad;
  }
  Seen seen;
  while (true) {
    const std::string_view line = take_line(head);
    if (line.empty()) return check_fields(seen, limits, out);
    if (++seen.fields > static_cast<int>(kMaxFields)) return {431, "more than 100 header fields"};
    std::string_view name;
    std::string_view value;
    if (!split_field(line, name, value)) {
      return {400, "malformed header field: it is NAME: VALUE on one line, without controls"};
    }
    if (Rejection bad = check_rewritten_field(line, limits)) return bad;
    if (Rejection bad = parse_field(name, value, seen, out)) return bad;
  }
}

std::string rewrite_head(std::string_view head, bool chunked, std::size_t body_bytes) {
  std::string out = rewrite_request_line(take_line(head));
  for (std::string_view line = take_line(head); !line.empty(); line = take_line(head)) {
    if (is_dropped(line.substr(0, line.find(':')))) continue;
    append_field(out, line);
  }
  if (chunked) out.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
  return out.append("\r\n");
}

}  // namespace service
