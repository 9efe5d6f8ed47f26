// See tasks.h.
#include "threads/tasks.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace pprof::internal {
namespace {

constinit thread_local pid_t cached_tid = 0;

// Before main(): a thread may ask for its id and fork before anything else here is called.
[[maybe_unused]] const int tid_forgotten_in_children =
    pthread_atfork(nullptr, nullptr, [] { cached_tid = 0; });

}  // namespace

pid_t current_tid() noexcept {
  if (cached_tid == 0) cached_tid = static_cast<pid_t>(syscall(SYS_gettid));
  return cached_tid;
}

std::vector<pid_t> list_threads() {
  std::vector<pid_t> tids;
  DIR* const directory = opendir("/proc/self/task");
  if (directory == nullptr) return tids;
  // The stream is this function's own, which makes readdir() safe here.
  while (const dirent* entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe)
    pid_t tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, tid).ec == std::errc{}) tids.push_back(tid);
  }
  closedir(directory);
  return tids;
}

std::string kernel_thread_name(pid_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/comm");
  std::string name;
  std::getline(file, name);
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

bool blocks_signal(pid_t tid, int number) {
  const unsigned long long mask = std::strtoull(status_field(tid, "SigBlk:").c_str(), nullptr, 16);
  return (mask >> static_cast<unsigned>(number - 1) & 1U) != 0;
}

}  // namespace pprof::internal
