// Waits for pprof::Mutex and pprof::ConditionVariable, summed by stack since the process began.
// Written by mutex.cpp, read by the block and mutex endpoints. Thread-safety: any thread, but not
// in a signal handler.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "profile.h"

namespace pprof::internal {

// How often fork() was called on the way to this process; the library alone writes it.
extern constinit std::atomic<std::uint64_t> forks_before;

// Both: contentions/count, delay/nanoseconds; cumulative. `block` has the stacks that waited,
// `mutex` those that unlocked and so ended a wait.
Profile block_profile();
Profile mutex_profile();

// See pprof/rates.h; the arguments are not negative.
void set_block_rate(std::chrono::nanoseconds rate);
void set_mutex_fraction(int fraction);
// A sentence, or nothing if all is recorded.
std::string block_rate_description();
std::string mutex_rate_description();

// Adds a wait of `delay_ns` to the stack whose leaf returns to `return_address` (see
// capture_own_stack()). Waits shorter than the rate, for `mutex` than 10 us, are kept with
// probability delay / rate and scaled up, so that the sums are unbiased (the rule of Go's
// runtime/mprof.go). Never throws: without memory the event is lost.
void record_block(std::int64_t delay_ns, const void* return_address) noexcept;
void record_mutex(std::int64_t delay_ns, const void* return_address) noexcept;

}  // namespace pprof::internal
