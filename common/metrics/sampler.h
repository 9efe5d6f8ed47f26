// Decides which metrics are sent at a sample rate below 1. Used by the StatsD clients of the
// stages.
#pragma once

namespace service {

// True with probability `rate` (0 to 1; 1 and above: always). Each thread has a generator of its
// own, seeded from the operating system.
bool sampled(double rate);

}  // namespace service
