// The page at /debug/pprof/. Called by mount()'s handler. Thread-safe.
#pragma once

#include <string>

namespace pprof::internal {

// HTML that lists every profile with its count, description and links, and shows `version` and the
// process id. `token` is added to the links, so that they work; empty: none.
std::string index_page(const std::string& version, const std::string& token);

}  // namespace pprof::internal
