// What the kernel knows of this process's threads, by thread id: see proc(5), /proc/pid/task.
// Called by every capture. Thread-safety: any thread; not in a signal handler but where it says so.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace pprof::internal {

// The calling thread's id, cached. Async-signal-safe.
pid_t current_tid() noexcept;

// The ids of all threads of this process.
std::vector<pid_t> list_threads();

// The kernel's name of `tid`, or an empty text if it is gone.
std::string kernel_thread_name(pid_t tid);

// One line of /proc/self/task/TID/status, without its key ("State:"); empty if the thread is gone.
std::string status_field(pid_t tid, std::string_view key);

// Whether the thread's mask keeps the signal out, now; false if it is gone.
bool blocks_signal(pid_t tid, int number);

}  // namespace pprof::internal
