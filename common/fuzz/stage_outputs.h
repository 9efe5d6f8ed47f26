// Everything that a stage does with one input, as text. stage_outputs.cpp is compiled once for each
// of two stages, the namespace `service` renamed by the compiler's command line, so that both fit
// into one program.
#pragma once

#include <string>
#include <string_view>

namespace service {

// The answer of the handlers, the packets and the log lines, without times, for the three values in
// `str`, `len` and `chr`; then the packets of a StatsD client for the name `str`.
std::string stage_outputs(std::string_view str, std::string_view len, std::string_view chr,
                          double value);

}  // namespace service
