// CPU profiles: gperftools delivers SIGPROF, each thread on its own CPU clock.
// Called by the `profile` endpoint.
#pragma once

#include <chrono>
#include <string>

#include "profile.h"
#include "wanted.h"

namespace pprof::internal {

// Why no CPU profile can be taken in this process, with the remedy; empty if one can.
// Thread-safe.
std::string cpu_unavailable_reason();

// Samples in a second of a thread's CPU time, above 0; 100 at first. Captures that begin while none
// runs have it. Thread-safe.
void set_cpu_rate(int per_second);
std::string cpu_rate_description();

// Samples all threads for `duration`, then returns samples/count and cpu/nanoseconds with the
// labels in force and the thread's name as label "thread". Stops early, with what it has, once
// `wanted` says no. Thread-safe: captures at the same time share timers and samples, and each has
// its own window. Throws std::runtime_error with a text for the client if gperftools refuses to
// start, for instance since CPUPROFILE had it started, if the threads cannot be listed, or in a
// child that was forked during a capture.
Profile cpu_profile(std::chrono::nanoseconds duration, const Wanted& wanted);

}  // namespace pprof::internal
