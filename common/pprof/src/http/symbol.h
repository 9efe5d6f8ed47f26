// The symbol and cmdline endpoints, for tools older than profile.proto. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "pprof/handler.h"
#include "wanted.h"

namespace pprof::internal {

// Answers "0x1234+0x5678" (the query, or the body of a POST) with symbol_reply(), or with 413 if
// there are more than 10,000 addresses. Stops when the client leaves.
Response answer_symbol(std::string addresses, const Request& request);

// "num_symbols: 1" and a line "0x1234 name" for each address that has one; other parameters of the
// query are left out. Ends early once it is not wanted any more. Format: gperftools' "pprof remote
// servers" page.
std::string symbol_reply(std::string_view addresses, const Wanted& wanted);

// The process's arguments, separated by NUL, as Go gives them.
std::string command_line();

}  // namespace pprof::internal
