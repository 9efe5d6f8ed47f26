// What the kernel knows of this process's threads, by thread id: see proc(5), /proc/pid/task.
// Called by every capture. Thread-safety: any thread; not in a signal handler but where it says so.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pprof::internal {

// The calling thread's id, cached. Async-signal-safe.
pid_t current_tid() noexcept;

// Lists the threads of this process again and again, without a new file descriptor each time: a
// capture goes on when the service has used them up. For one thread at a time.
class ThreadLister {
 public:
  // Throws std::system_error if the kernel's list cannot be opened.
  ThreadLister();
  // The ids of all threads; not the main thread's if it has ended, although the kernel keeps it.
  // Throws std::system_error if the list cannot be read.
  std::vector<pid_t> list() const;

 private:
  std::unique_ptr<void, void (*)(void*)> directory_;
};

// The same, once.
std::vector<pid_t> list_threads();

// Whether the thread has not ended.
bool is_alive(pid_t tid) noexcept;

// The kernel's name of `tid`; empty if it is gone, "thread TID" if its name cannot be read.
std::string kernel_thread_name(pid_t tid);

// One line of /proc/self/task/TID/status, without its key ("State:"); empty if the thread is gone.
std::string status_field(pid_t tid, std::string_view key);

// Whether the thread's mask keeps the signal out, now; false if it is gone.
bool blocks_signal(pid_t tid, int number);

// Whether it does so by its own will: the program may wait for the signal with sigwait() or
// signalfd(), and must not get ours. glibc blocks all for a moment, also its own, while it makes or
// ends a thread.
bool keeps_blocking(pid_t tid, int number);

}  // namespace pprof::internal
