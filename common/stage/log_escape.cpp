// See log_escape.h. Nearly all values are plain ASCII: that case is one look into a table a byte.
#include "log_escape.h"

#include <algorithm>
#include <array>

#include "utf8.h"

namespace service {
namespace {

constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned char c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

void append_hex(std::string& out, std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 0xf]});
  }
}

// What begins a line, moves the text around it, or commands a terminal with 8-bit controls.
bool is_control(char32_t c) {
  const bool c1 = c >= 0x80 && c <= 0x9f;
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool bidi = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                    (c >= 0x2066 && c <= 0x2069);
  return c1 || separator || bidi;
}

// The first character of `value` that is not plain; returns how many bytes it has.
std::size_t append_special(std::string& out, std::string_view value) {
  if (value[0] == '"' || value[0] == '\\') {
    out.append({'\\', value[0]});
    return 1;
  }
  if (static_cast<unsigned char>(value[0]) < 0x80 || !starts_with_code_point(value)) {
    append_hex(out, value.substr(0, 1));
    return 1;
  }
  const std::string_view character = first_code_point(value);
  if (is_control(to_code_point(character))) {
    append_hex(out, character);
  } else {
    out.append(character);
  }
  return character.size();
}

}  // namespace

void append_log_escaped(std::string& out, std::string_view value) {
  while (!value.empty()) {
    const auto special = std::find_if_not(value.begin(), value.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - value.begin());
    out.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (!value.empty()) value.remove_prefix(append_special(out, value));
  }
}

std::string log_escaped(std::string_view value) {
  std::string out;
  append_log_escaped(out, value);
  return out;
}

}  // namespace service
