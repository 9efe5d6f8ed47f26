// The file of debug information that an object names in .gnu_debuglink, as `objcopy
// --add-gnu-debuglink` writes it. Called by DebugInfo; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "symbolize/modules.h"

namespace pprof::internal {

inline constexpr std::string_view kSystemDebugDirectory = "/usr/lib/debug";

// Opens the file `link` of the object at `object` (absolute), if its CRC-32 is `checksum`. Looks
// where gdb does: beside the object, in .debug there, below /usr/lib/debug. `found` becomes its
// path, for the caller to free; it is left alone where no such file is.
FileHandle open_debug_link(std::string_view object, std::string_view link, std::uint32_t checksum,
                           char*& found);

}  // namespace pprof::internal
