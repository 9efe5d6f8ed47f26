// Facts read from the program headers of a loaded object. Called by ModuleTable; thread-safe.
#pragma once

#include <link.h>

#include <string>

#include "symbolize/symbol.h"

namespace pprof::internal {

// The executable segment of the object, page-aligned as the kernel maps it, and its build-id; the
// file's name is left alone. False if the object has no executable segment. Allocates only if the
// string has no room for the build-id (see ModuleTable::refresh()).
bool read_executable_mapping(const dl_phdr_info& info, Mapping& mapping);

// True if the open file has this build-id (hex). A file without one matches the empty id.
bool has_build_id(int descriptor, const std::string& build_id);

}  // namespace pprof::internal
