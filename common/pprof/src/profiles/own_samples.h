// Leaves the profiler's own memory out of heap profiles. Called by the heap endpoints. Thread-safe.
#pragma once

#include "profile.h"
#include "symbolize/symbol.h"

namespace pprof::internal {

// `profile` without the samples that a function of pprof::internal allocated, or something that it
// called: debug information, mostly, that would hide what the service itself keeps. A comment says
// how much was left out.
Profile without_own_samples(Profile profile, SymbolSource& symbols);

}  // namespace pprof::internal
