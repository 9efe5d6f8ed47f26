// See registry.h. The names live in a table that only grows, so that samples can keep pointers.
#include "threads/registry.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "cpu/thread_timers.h"
#include "pprof/label.h"
#include "pprof/thread.h"

namespace pprof {
namespace internal {
namespace {

constexpr std::size_t kMaxNames = 1024;
constexpr std::size_t kMaxNameLength = 63;
constexpr std::size_t kMaxKernelNameLength = 15;

constinit thread_local const char* volatile thread_name_of_scope = nullptr;
constinit thread_local pid_t cached_tid = 0;

// Before main(): a thread may ask for its id and fork before anything else here is called.
[[maybe_unused]] const int tid_forgotten_in_children =
    pthread_atfork(nullptr, nullptr, [] { cached_tid = 0; });

class Registry {
 public:
  std::mutex mutex;             // for all that follows
  std::set<std::string> names;  // nodes never move and are never erased
  std::map<pid_t, const char*>& names_by_tid() {
    if (std::exchange(is_of_parent_, false)) names_by_tid_.clear();
    return names_by_tid_;
  }
  // In a child of fork(), where nothing may be freed yet: the allocator's lock can be held by a
  // thread that the child has not.
  void forget_names_by_tid() { is_of_parent_ = true; }

 private:
  std::map<pid_t, const char*> names_by_tid_;
  bool is_of_parent_ = false;
};

Registry& registry() {
  // Never destroyed: threads may outlive static destruction.
  static auto* const instance = [] {
    pthread_atfork([] { registry().mutex.lock(); }, [] { registry().mutex.unlock(); },
                   [] {
                     registry().forget_names_by_tid();
                     registry().mutex.unlock();
                   });
    return new Registry;
  }();
  return *instance;
}

// Copies at most Size - 1 bytes and never half a UTF-8 character.
template <std::size_t Size>
void copy_text(std::array<char, Size>& to, const char* from) noexcept {
  std::size_t length = 0;
  while (length < Size - 1 && from[length] != '\0') {
    to[length] = from[length];
    ++length;
  }
  if (from[length] != '\0') {
    while (length > 0 && (static_cast<unsigned char>(from[length]) & 0xC0U) == 0x80U) --length;
  }
  to[length] = '\0';
}

}  // namespace

void copy_current_labels(LabelSet& out) noexcept {
  out.count = 0;
  for (const LabelScope* scope = LabelScope::innermost();
       scope != nullptr && out.count < kMaxLabels; scope = scope->outer()) {
    LabelCopy& copy = out.labels[out.count];
    copy_text(copy.key, scope->key());
    bool hidden = false;
    for (std::size_t i = 0; i < out.count; ++i) {
      hidden = hidden || std::strcmp(out.labels[i].key.data(), copy.key.data()) == 0;
    }
    if (!hidden) {
      copy_text(copy.value, scope->value());
      ++out.count;
    }
  }
}

const char* current_thread_name() noexcept { return thread_name_of_scope; }

pid_t current_tid() noexcept {
  if (cached_tid == 0) cached_tid = static_cast<pid_t>(syscall(SYS_gettid));
  return cached_tid;
}

void append_labels(const LabelSet& set, std::vector<Label>& out) {
  for (std::size_t i = 0; i < set.count; ++i) {
    out.push_back({set.labels[i].key.data(), set.labels[i].value.data()});
  }
}

std::string kernel_thread_name(pid_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

std::string thread_name(pid_t tid) {
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    const auto& names = all.names_by_tid();
    if (const auto found = names.find(tid); found != names.end()) return found->second;
  }
  return kernel_thread_name(tid);
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

}  // namespace internal

ThreadScope::ThreadScope(const char* name) {
  using namespace internal;
  std::array<char, kMaxNameLength + 1> text;               // NOLINT(*-member-init): filled below
  std::array<char, kMaxKernelNameLength + 1> kernel_name;  // NOLINT(*-member-init): filled below
  copy_text(text, name != nullptr ? name : "");
  copy_text(kernel_name, text.data());
  if (current_tid() != getpid()) pthread_setname_np(pthread_self(), kernel_name.data());
  // Not ProfilerRegisterThread(): with per-thread timers it allocates while it holds the lock that
  // gperftools' signal handler takes. A thread in fork(), which holds tcmalloc's locks, deadlocks
  // with it when SIGPROF comes.
  thread_born();
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  if (!all.names.contains(text.data()) && all.names.size() >= kMaxNames) return;
  const char* const kept = all.names.insert(text.data()).first->c_str();
  all.names_by_tid()[current_tid()] = kept;
  thread_name_of_scope = kept;
}

ThreadScope::~ThreadScope() {
  internal::thread_name_of_scope = nullptr;
  internal::Registry& all = internal::registry();
  const std::lock_guard lock(all.mutex);
  all.names_by_tid().erase(internal::current_tid());
}

}  // namespace pprof
