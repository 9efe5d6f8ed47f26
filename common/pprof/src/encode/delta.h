// The difference of two snapshots, for ?seconds= on heap, allocs, block, mutex and threads.
// Thread-safe.
#pragma once

#include "profile.h"

namespace pprof::internal {

// What changed from `before` to `after`, for each stack with its labels; stacks that did not change
// are left out. Counters that can only grow (alloc_*, contentions, delay) are never negative;
// what is in use may be. Both must have the same sample types.
Profile subtract(const Profile& after, const Profile& before);

}  // namespace pprof::internal
