// The version of these headers, and what keeps another library away. Included by all that need the
// library: a program that links another one, or none, does not link; a plugin, which shares labels,
// spans, names and locks with the executable, is not loaded where they are not to be had.
#pragma once

#define PPROF_VERSION "1.0.0"

namespace pprof::internal {

// Named after major and minor version, here and in cmake/plugins.list, by which executables that
// link pprof::core through CMake or pkg-config export it.
extern "C" [[gnu::visibility("default")]] const char pprof_1_0_is_not_in_this_program;

// An address in data is resolved when a plugin is loaded. A function's may be resolved at its first
// call, and end the process there.
[[gnu::used]] inline const char* const needs_pprof_1_0 = &pprof_1_0_is_not_in_this_program;

}  // namespace pprof::internal
