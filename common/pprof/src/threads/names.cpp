// See names.h. The names live in a table that only grows, so that samples can keep pointers.
#include "threads/names.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "fork_mutex.h"
#include "pprof/thread.h"
#include "stacks/stack_memory.h"
#include "threads/bounded_text.h"
#include "threads/tasks.h"

namespace pprof {
namespace internal {
namespace {

constexpr std::size_t kMaxNames = 1024;
constexpr std::size_t kMaxNameLength = 63;
constexpr std::size_t kMaxKernelNameLength = 15;

constinit thread_local const char* volatile thread_name_of_scope = nullptr;

struct NameTable {
  std::set<std::string> names;  // nodes never move and are never erased
  std::map<pid_t, const char*> names_by_tid;
};

constinit ForkMutex names_mutex;  // for all that follows
// In a child of fork() nothing may be freed yet: the allocator's lock can be held by a thread that
// the child has not.
constinit bool names_are_of_parent = false;
void keep_names_for_later() { names_are_of_parent = true; }
[[gnu::constructor(102)]] void hold_names_over_fork() {
  hold_over_fork<names_mutex, keep_names_for_later>();
}

NameTable& name_table() {
  // Never destroyed: threads may outlive static destruction.
  static auto* const instance = new NameTable;
  if (std::exchange(names_are_of_parent, false)) instance->names_by_tid.clear();
  return *instance;
}

}  // namespace

const char* current_thread_name() noexcept { return thread_name_of_scope; }

std::string thread_name(pid_t tid) {
  {
    const std::lock_guard lock(names_mutex);
    const auto& names = name_table().names_by_tid;
    if (const auto found = names.find(tid); found != names.end()) return found->second;
  }
  return kernel_thread_name(tid);
}

}  // namespace internal

ThreadScope::ThreadScope(const char* name) {
  using namespace internal;
  std::array<char, kMaxNameLength + 1> text;               // NOLINT(*-member-init): filled below
  std::array<char, kMaxKernelNameLength + 1> kernel_name;  // NOLINT(*-member-init): filled below
  copy_bounded(text, name);
  copy_bounded(kernel_name, text.data());
  if (current_tid() != getpid()) pthread_setname_np(pthread_self(), kernel_name.data());
  learn_own_stack();  // so that the walks of its samples read it without asking the kernel
  if (const auto thread_born = thread_born_hook.load()) thread_born();
  const std::lock_guard lock(names_mutex);
  NameTable& table = name_table();
  if (!table.names.contains(text.data()) && table.names.size() >= kMaxNames) return;
  const char* const kept = table.names.insert(text.data()).first->c_str();
  table.names_by_tid[current_tid()] = kept;
  thread_name_of_scope = kept;
}

ThreadScope::~ThreadScope() {
  internal::thread_name_of_scope = nullptr;
  const std::lock_guard lock(internal::names_mutex);
  internal::name_table().names_by_tid.erase(internal::current_tid());
}

}  // namespace pprof
