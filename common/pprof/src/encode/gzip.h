// gzip, as pprof expects it around a profile. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pprof::internal {

// Returns `data` as one gzip member (RFC 1952). Throws std::runtime_error if zlib has no memory.
std::string gzip(std::string_view data);

}  // namespace pprof::internal
