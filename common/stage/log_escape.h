// Makes a value safe to stand between double quotes on one log line. Used by the loggers of the
// stages. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace service {

// Appends `value` to `out`. `"` and `\` get a backslash; control characters (0x00-0x1f, 0x7f)
// become `\xHH`, so that a client cannot start a log line of its own.
void append_log_escaped(std::string& out, std::string_view value);

// The same as a new string.
std::string log_escaped(std::string_view value);

}  // namespace service
