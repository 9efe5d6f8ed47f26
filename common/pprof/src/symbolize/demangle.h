// Readable function names from linker names. Called by the symbolizer; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pprof::internal {

// The full demangled name, or `symbol` itself if it is not a mangled C++ name.
std::string demangle(const std::string& symbol);

// `demangled` without parameters, template arguments, return type and clone suffixes, which is
// what pprof shows by default: "std::vector::push_back". Anything that would leave nothing is
// returned unchanged.
std::string short_name(std::string_view demangled);

}  // namespace pprof::internal
