// UTF-8 in the words of this service, over the utf8cpp library. Used by the API, the stages and the
// tests. Pure functions.
#pragma once

#include <utf8cpp/utf8.h>

#include <cstddef>
#include <string_view>

namespace service {

inline bool is_valid_utf8(std::string_view text) { return utf8::is_valid(text); }

// Number of code points. Precondition: `text` is valid UTF-8.
inline std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(utf8::unchecked::distance(text.begin(), text.end()));
}

// The first code point of `text`, as UTF-8. Precondition: `text` is valid UTF-8 and not empty.
inline std::string_view first_code_point(std::string_view text) {
  const auto* end = text.data();
  utf8::unchecked::next(end);
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

// True if `text`, which is not empty, begins with a valid code point; what follows does not matter.
inline bool starts_with_code_point(std::string_view text) {
  const std::string_view longest = text.substr(0, 4);
  return utf8::find_invalid(longest.begin(), longest.end()) != longest.begin();
}

// Its number. Precondition: `character` is one valid code point.
inline char32_t to_code_point(std::string_view character) {
  return utf8::unchecked::peek_next(character.begin());
}

}  // namespace service
