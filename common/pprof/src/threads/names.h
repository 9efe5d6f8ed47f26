// The names that ThreadScope gives to threads. Called by every capture that tells threads apart.
// Thread-safety: any thread; not in a signal handler but where it says so.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>

namespace pprof::internal {

// The ThreadScope name of the calling thread, or nullptr. The text stays valid until the process
// ends, so that samples may keep the pointer. Async-signal-safe.
const char* current_thread_name() noexcept;

// The ThreadScope name of `tid`, else its kernel name, else an empty text if it is gone.
std::string thread_name(pid_t tid);

// Called by each ThreadScope on its thread; null: nobody wants to know. Set by a capture that
// would find a new thread too late by itself.
inline constinit std::atomic<void (*)()> thread_born_hook{nullptr};

}  // namespace pprof::internal
