// Writes a Profile as google/pprof's profile.proto, with its symbols.
// Called by the endpoints once a capture is complete. Thread-safe if `symbols` is.
#pragma once

#include <string>

#include "profile.h"
#include "symbolize/symbol.h"

namespace pprof::internal {

// Returns the serialized message, not compressed. Samples are kept in order.
// Format: https://github.com/google/pprof/blob/main/proto/profile.proto
std::string encode_proto(const Profile& profile, SymbolSource& symbols);

}  // namespace pprof::internal
