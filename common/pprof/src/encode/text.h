// Profiles for people: the ?debug=1 form. Thread-safe if `symbols` is.
#pragma once

#include <string>

#include "profile.h"
#include "symbolize/symbol.h"

namespace pprof::internal {

// Samples by falling value of the profile's default type, each with all its values, labels and
// stack, one function a line with file and line.
std::string format_text(const std::string& title, const Profile& profile, SymbolSource& symbols);

// One call of a stack as lines "    function  file:line", inlined calls included.
std::string format_address(std::uintptr_t address, SymbolSource& symbols);

}  // namespace pprof::internal
