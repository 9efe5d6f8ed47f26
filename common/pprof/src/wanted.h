// How a capture learns that nobody waits for its result any more. Given by the endpoints, asked by
// every timed capture.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

namespace pprof::internal {

// False: stop, with what there is. Asked every 50 ms or more often, on the capturing thread.
using Wanted = std::function<bool()>;

// Sleeps until `end`, or until `wanted` says no.
inline void wait_while_wanted(std::chrono::steady_clock::time_point end, const Wanted& wanted) {
  constexpr std::chrono::milliseconds kPoll{50};
  while (std::chrono::steady_clock::now() < end && wanted()) {
    std::this_thread::sleep_until(std::min(end, std::chrono::steady_clock::now() + kPoll));
  }
}

}  // namespace pprof::internal
