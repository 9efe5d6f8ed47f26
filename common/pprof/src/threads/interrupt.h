// Interrupts threads with a signal and collects the stack, name and labels each one was found
// with. Called by threads.cpp and wall.cpp. Thread-safety: any thread; callers take turns.
//
// The signal is SIGURG, as in Go's runtime: nothing but out-of-band data sends it, debuggers pass
// it on silently, and its default action is to be ignored, so that one that arrives late (after
// exec, say) harms nobody. Choose another at compile time (-DPPROF_SIGNAL=) or with the
// environment variable PPROF_SIGNAL: the number of SIGUSR1, SIGUSR2, SIGURG, SIGWINCH or a
// real-time signal; others are refused on standard error, and it stays as compiled. A handler that
// was there before still gets the signals that are not ours; one installed later without chaining
// silences the threads.
//
// What the application notices: system calls restart (SA_RESTART), except those that never do
// (signal(7)): sleeps, poll, epoll_wait and select, and recv or send with a timeout set. They
// return EINTR and must be retried, as for gperftools' SIGPROF.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "stacks/unwind.h"
#include "threads/labels.h"

namespace pprof::internal {

// Filled by a thread inside its signal handler.
struct RawStack {
  pid_t tid;
  const char* name;                  // by ThreadScope, or nullptr
  std::array<char, 16> kernel_name;  // what `ps` shows
  std::chrono::nanoseconds handler_time;
  LabelSet labels;
  std::size_t depth;
  std::array<std::uintptr_t, kMaxStackDepth> stack;  // leaf first, `depth` entries
};

struct InterruptCallbacks {
  std::function<void(const RawStack&)> answered;
  // The thread lives but did not run the handler in time: it blocks the signal, is stopped, or the
  // machine is too busy. Or the signal could not be sent: `error` is then an errno, else 0.
  std::function<void(pid_t, int error)> silent;
};

// Calls one of the callbacks, on this thread, for each of `tids`, and none for threads that have
// ended. Waits at most `patience` for each batch of 64 threads. The calling thread may be among
// them. The callbacks must not call this function.
void interrupt_threads(std::span<const pid_t> tids, std::chrono::milliseconds patience,
                       const InterruptCallbacks& callbacks);

// The signal in use.
int capture_signal();

}  // namespace pprof::internal
