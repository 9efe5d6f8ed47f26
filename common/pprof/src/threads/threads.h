// The stacks of all threads at one moment. Called by the threads endpoint.
// Thread-safety: any thread; not in a signal handler.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "profile.h"

namespace pprof::internal {

struct ThreadStack {
  pid_t tid = 0;
  std::string name;  // by ThreadScope, else the kernel's
  std::vector<Label> labels;
  std::vector<std::uintptr_t> stack;  // leaf first, call-site addresses
  std::string silent_because;  // empty, or why there is no stack: then it has one marker frame
};

// Every thread of the process, the calling one included, in the order of their ids. Takes a few
// milliseconds, and at most 250 ms for each 64 threads, when some do not answer.
std::vector<ThreadStack> capture_threads();

// The same as a profile: threads/count, labels "thread" (the name) and those of LabelScope.
Profile threads_profile();

// Why a thread did not answer the signal: "blocks signal 23", "state D", or, with the errno of the
// attempt, "signal 23 cannot be sent: Operation not permitted". Empty if it is gone.
std::string why_silent(pid_t tid, int error);

// The one frame of a thread without a stack, so that its name shows in every report.
std::uintptr_t silent_frame();

}  // namespace pprof::internal
