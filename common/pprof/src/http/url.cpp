// See url.h.
#include "http/url.h"

#include <algorithm>
#include <charconv>

namespace pprof::internal {
namespace {

// What is no escape stays as it is.
std::string decode(std::string_view text, bool is_query) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const end = text.data() + std::min(i + 3, text.size());
    if (text[i] == '%' && text.size() - i > 2 &&
        std::from_chars(text.data() + i + 1, end, byte, 16).ptr == end) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += is_query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

Target split_target(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  return {decode(target.substr(0, mark), false), target.substr(std::min(mark + 1, target.size()))};
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    const std::size_t equals = std::min(field.find('='), field.size());
    if (decode(field.substr(0, equals), true) == name) {
      return decode(field.substr(std::min(equals + 1, field.size())), true);
    }
  }
  return std::nullopt;
}

std::string encode_parameter(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

}  // namespace pprof::internal
