// Copies text into an array of a fixed size. Used for names and labels, which signal handlers read.
// Async-signal-safe.
#pragma once

#include <array>
#include <cstddef>

namespace pprof::internal {

// Copies at most Size - 1 bytes of `from` and never half a UTF-8 character; null counts as "".
template <std::size_t Size>
void copy_bounded(std::array<char, Size>& to, const char* from) noexcept {
  if (from == nullptr) from = "";
  std::size_t length = 0;
  while (length < Size - 1 && from[length] != '\0') {
    to[length] = from[length];
    ++length;
  }
  if (from[length] != '\0') {
    while (length > 0 && (static_cast<unsigned char>(from[length]) & 0xC0U) == 0x80U) --length;
  }
  to[length] = '\0';
}

}  // namespace pprof::internal
