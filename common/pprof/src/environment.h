// Settings that the environment of the process has.
#pragma once

#include <cstdint>

namespace pprof::internal {

// A whole number from 0 to `most`. Without the variable, the default; with anything else in it,
// too, and a line on standard error that says so. Thread-safe as getenv() is: while nobody sets
// one.
std::int64_t number_from_environment(const char* name, std::int64_t by_default, std::int64_t most);

}  // namespace pprof::internal
