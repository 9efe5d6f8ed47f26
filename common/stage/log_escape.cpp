#include "log_escape.h"

#include <algorithm>

namespace service {
namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\';
}

}  // namespace

void append_log_escaped(std::string& out, std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  while (!value.empty()) {
    const auto special = std::find_if(value.begin(), value.end(), needs_escape);
    const auto plain = static_cast<std::size_t>(special - value.begin());
    out.append(value.substr(0, plain));
    if (special == value.end()) return;
    const auto byte = static_cast<unsigned char>(*special);
    if (byte == '"' || byte == '\\') {
      out.append({'\\', *special});
    } else {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 0xf]});
    }
    value.remove_prefix(plain + 1);
  }
}

std::string log_escaped(std::string_view value) {
  std::string out;
  append_log_escaped(out, value);
  return out;
}

}  // namespace service
