// Takes one profile of the table and encodes it. Called for requests and by pprof/capture.h.
// Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "profiles/table.h"
#include "wanted.h"

namespace pprof::internal {

struct Take {
  // Of what is sampled, how long; else what changed meanwhile, or, without, all until now.
  std::optional<std::chrono::nanoseconds> duration = {};
  int debug = 0;           // 0: profile.proto; 1, 2: text
  bool with_names = true;  // false: profile.proto with addresses, mappings and build ids alone
};

// Blocks for the duration, if there is one, or until `goes_on` says false: then with what there is.
// Empty once it is not `wanted`. Throws what the capture throws: see `unavailable` in the table.
std::string take(
    const Endpoint& endpoint, const Take& what, const Wanted& wanted,
    const Wanted& goes_on = [] { return true; });

}  // namespace pprof::internal
