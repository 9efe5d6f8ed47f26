// Names a thread for the profiles that tell threads apart: CPU, wall, threads and trace.
// Called first thing in each thread of the service; see also label.h.
// Thread-safety: a ThreadScope belongs to the thread that made it.
#pragma once

#include "pprof/version.h"

namespace pprof {

// While it lives, the thread appears under `name` in CPU, wall, threads and trace profiles. A
// running CPU capture samples it from here on; other threads are found within 50 ms.
//
// `name` is copied; null counts as "". Longer than 63 bytes is cut between characters (UTF-8). The
// kernel's name for the thread is also set (cut to its 15 bytes), except for the main thread, whose
// kernel name is the name of the process. At most 1024 different names are kept in the life of the
// process; threads with further names show their kernel name. Scopes do not nest: the inner one
// ends the name.
class [[gnu::visibility("default")]] ThreadScope {
 public:
  explicit ThreadScope(const char* name);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;
};

}  // namespace pprof
