// One SIGPROF tick: what the handler records. Called by gperftools, as the filter of cpu_profile().
#pragma once

#include <chrono>

namespace pprof::internal {

// Puts a handler of SIGPROF before that of gperftools, which must be installed; it stays. The first
// ticks may come before it, and are not recorded. Not in a signal handler; one thread at a time.
void install_tick_handler();
bool is_tick_handler_ours();

// As long as it lives, ticks go no further than that handler, and none is under way. For those who
// start or stop gperftools: it allocates and frees while it holds the lock that its handler takes
// (2.10), and the allocator's lock may be held by the thread that is interrupted, or in fork().
class NoTicks {
 public:
  NoTicks() noexcept;
  ~NoTicks();
  NoTicks(const NoTicks&) = delete;
  NoTicks& operator=(const NoTicks&) = delete;
};

// Tells the handler that a new capture begins, so that no thread is charged for what was before.
// `period` is each thread's CPU time between two ticks. Not in a signal handler.
void begin_cpu_capture(std::chrono::nanoseconds period);

// The calling thread's first tick is due after this much of its CPU time. Without this call the
// handler takes its first tick for a punctual one. Before the timer is started.
void expect_first_tick(std::chrono::nanoseconds due);

// Puts a sample of the interrupted thread into the SampleRing `ring`. Returns 0, which makes
// gperftools drop its own sample. Async-signal-safe; gperftools calls it on one thread at a time.
int record_tick(void* ring);

}  // namespace pprof::internal
