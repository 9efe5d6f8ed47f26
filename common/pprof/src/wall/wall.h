// Samples the stacks of all threads at regular times, running or waiting. Called by the wall
// endpoint. Thread-safety: any thread; captures may run at the same time.
#pragma once

#include <chrono>

#include "profile.h"
#include "wanted.h"

namespace pprof::internal {

// Between rounds, or more, so that a capture costs at most 2 % of one processor. Often enough for
// percents within seconds; rare enough that the interrupted sleeps and polls of the application do
// not matter (see threads/interrupt.h).
inline constexpr std::chrono::milliseconds kWallInterval{20};

// Samples for `duration`, or until `wanted` says false. Values samples/count
// and wall/nanoseconds: each thread is charged the real time since it was asked before. A round
// asks 64 threads at most; more take turns, and a comment says how often each was asked. Labels
// "thread" (its name) and those of LabelScope. The calling thread is left out: it only samples.
// A thread that does not answer the signal is charged to one marker frame, with label "silent".
// Throws std::system_error if the threads cannot be listed.
Profile wall_profile(std::chrono::nanoseconds duration, const Wanted& wanted);

}  // namespace pprof::internal
