// The page at /debug/pprof/. Called by the handler. Thread-safe.
#pragma once

#include <string>

namespace pprof::internal {

struct IndexPage {
  std::string prefix;   // of the mount
  std::string version;  // may be empty
  std::string host;     // as the client named it, "127.0.0.1:6060"; may be empty
  std::string token;    // goes into the links, so that they work; may be empty
};

// HTML that lists every profile with its count, description and links, the version, the process id,
// and a command to copy.
std::string index_page(const IndexPage& page);

}  // namespace pprof::internal
