// Included by the headers that keep something for the whole process: labels, spans, names, locks.
// There must be one copy of it. A plugin gets the executable's, or is not loaded at all.
#pragma once

namespace pprof::internal {

// Executables that link pprof::core through CMake export it with the rest (cmake/plugins.list).
extern "C" [[gnu::visibility("default")]] const char pprof_exported_by_the_executable;

// An address in data is resolved when a plugin is loaded. A function's may be resolved at its first
// call, and end the process there.
[[gnu::used]] inline const char* const needs_export = &pprof_exported_by_the_executable;

}  // namespace pprof::internal
