// See tasks.h.
#include "threads/tasks.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

namespace pprof::internal {
namespace {

constinit thread_local pid_t cached_tid = 0;

// Before main(): a thread may ask for its id and fork before anything else here is called.
[[maybe_unused]] const int tid_forgotten_in_children =
    pthread_atfork(nullptr, nullptr, [] { cached_tid = 0; });

std::system_error cannot_list(int error) {
  return {
      error, std::generic_category(),
      "pprof: cannot list the threads in /proc/self/task, which takes a mounted /proc and a free "
      "descriptor (ulimit -n)"};
}

unsigned long long blocked_signals(pid_t tid) {
  return std::strtoull(status_field(tid, "SigBlk:").c_str(), nullptr, 16);
}

bool has_signal(unsigned long long mask, int number) {
  return (mask >> static_cast<unsigned>(number - 1) & 1U) != 0;
}

}  // namespace

pid_t current_tid() noexcept {
  if (cached_tid == 0) cached_tid = static_cast<pid_t>(syscall(SYS_gettid));
  return cached_tid;
}

ThreadLister::ThreadLister()
    : directory_(opendir("/proc/self/task"),
                 [](void* open) { closedir(static_cast<DIR*>(open)); }) {
  if (directory_ == nullptr) throw cannot_list(errno);
}

std::vector<pid_t> ThreadLister::list() const {
  auto* const directory = static_cast<DIR*>(directory_.get());
  rewinddir(directory);
  std::vector<pid_t> tids;
  errno = 0;
  // The stream is this object's own, which makes readdir() safe here.
  while (const dirent* entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe)
    pid_t tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, tid).ec == std::errc{}) tids.push_back(tid);
    errno = 0;
  }
  if (errno != 0) throw cannot_list(errno);
  if (std::ranges::find(tids, current_tid()) == tids.end()) throw cannot_list(ESRCH);
  if (!is_alive(getpid())) std::erase(tids, getpid());
  return tids;
}

std::vector<pid_t> list_threads() { return ThreadLister().list(); }

// The main thread that has called pthread_exit() stays in the kernel's list, as a zombie, and can
// be sent signals.
bool is_alive(pid_t tid) noexcept {
  if (syscall(SYS_tgkill, getpid(), tid, 0) != 0) return false;
  return tid != getpid() || tid == current_tid() || !status_field(tid, "State:").starts_with("Z");
}

std::string kernel_thread_name(pid_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/comm");
  std::string name;
  if (!std::getline(file, name) && is_alive(tid)) name = "thread " + std::to_string(tid);
  return name;
}

std::string status_field(pid_t tid, std::string_view key) {
  std::ifstream status("/proc/self/task/" + std::to_string(tid) + "/status");
  std::string found;
  std::string value;
  while (status >> found && std::getline(status >> std::ws, value)) {
    if (found == key) return value;
  }
  return {};
}

bool blocks_signal(pid_t tid, int number) { return has_signal(blocked_signals(tid), number); }

bool keeps_blocking(pid_t tid, int number) {
  constexpr int kCancellation = 32;  // glibc's own
  const unsigned long long blocked = blocked_signals(tid);
  return has_signal(blocked, number) && !has_signal(blocked, kCancellation);
}

}  // namespace pprof::internal
