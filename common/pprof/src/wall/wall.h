// Samples the stacks of all threads at regular times, running or waiting. Called by the wall
// endpoint. Thread-safety: any thread; captures may run at the same time.
#pragma once

#include <chrono>

#include "profile.h"
#include "wanted.h"

namespace pprof::internal {

// Often enough for percents within seconds; rare enough that the interrupted sleeps and polls of
// the application do not matter (see threads/interrupt.h).
inline constexpr std::chrono::milliseconds kWallInterval{20};

// Samples for `duration`, or until `wanted` says false. Values samples/count
// and wall/nanoseconds: each thread is charged the real time since the round before. Labels
// "thread" (its name) and those of LabelScope. The calling thread is left out: it only samples.
// A thread that does not answer the signal is charged to one marker frame, with label "silent".
Profile wall_profile(std::chrono::nanoseconds duration, const Wanted& wanted);

}  // namespace pprof::internal
