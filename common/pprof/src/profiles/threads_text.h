// The text forms of the threads profile. Called by the threads endpoint. Thread-safe.
#pragma once

#include <string>

namespace pprof::internal {

// debug 1: threads with the same stack together, most first. debug 2: each thread, by id.
std::string threads_text(int debug);

}  // namespace pprof::internal
