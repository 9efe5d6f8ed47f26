// Makes a value safe to stand between double quotes on one log line. Used by the loggers of the
// stages. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace service {

// Appends `value` to `out` as valid UTF-8. `"` and `\` get a backslash. Controls (U+0000-U+001F,
// U+007F-U+009F), line separators (U+2028, U+2029), bidirectional controls and bytes that are not
// UTF-8 become `\xHH` for each byte: no client can start a log line of its own, command the
// terminal that shows it, or turn it round.
void append_log_escaped(std::string& out, std::string_view value);

// The same as a new string.
std::string log_escaped(std::string_view value);

}  // namespace service
