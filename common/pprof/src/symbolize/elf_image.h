// Facts read from the program headers of a loaded object. Called by ModuleTable; thread-safe.
#pragma once

#include <link.h>

#include <optional>
#include <string>

#include "symbolize/symbol.h"

namespace pprof::internal {

// The executable segment of the object, page-aligned as the kernel maps it, and its build-id.
// `file` is left empty. Nothing if the object has no executable segment.
std::optional<Mapping> executable_mapping(const dl_phdr_info& info);

// True if the open file has this build-id (hex). A file without one matches the empty id.
bool has_build_id(int descriptor, const std::string& build_id);

}  // namespace pprof::internal
