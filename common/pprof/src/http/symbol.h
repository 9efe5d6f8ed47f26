// The symbol and cmdline endpoints, for tools older than profile.proto. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pprof::internal {

// Answers "0x1234+0x5678" (the query, or the body of a POST) with "num_symbols: 1" and a line
// "0x1234 name" for each address that has one; other parameters of the query are left out. Format:
// gperftools' "pprof remote servers" page.
std::string symbol_reply(std::string_view addresses);

// The process's arguments, separated by NUL, as Go gives them.
std::string command_line();

}  // namespace pprof::internal
