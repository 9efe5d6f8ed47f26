// Readable function names from linker names. Called by the symbolizer; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pprof::internal {

// The full demangled name, or `symbol` itself if it is not a mangled C++ name.
std::string demangle(const std::string& symbol);

// `demangled` without parameters, template arguments, return type, clone suffixes and "(anonymous
// namespace)::", much as pprof shows names by default: "std::vector::push_back". If that would
// leave nothing, `demangled` itself.
std::string short_name(std::string_view demangled);

}  // namespace pprof::internal
