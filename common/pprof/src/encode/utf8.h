// UTF-8, which JSON and profile.proto demand of every text. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pprof::internal {

// The length in bytes of the character at the start of `text`, which must not be empty, or 0 if
// there is none (RFC 3629).
std::size_t utf8_length(std::string_view text);

// `text` with U+FFFD for each byte that is not UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace pprof::internal
