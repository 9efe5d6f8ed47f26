// See stack_memory.h.
#include "stacks/stack_memory.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pprof::internal {
namespace {

constexpr std::uintptr_t kWordBytes = sizeof(std::uintptr_t);
constexpr std::uintptr_t kLeastPage = 4096;

struct Bounds {
  bool known;
  std::uintptr_t begin;
  std::uintptr_t end;
};
constinit thread_local Bounds own_stack{};

// How many bytes were copied. Up to the page's end and from there on are two pieces, of which the
// first is copied even if the second is not in memory.
std::size_t copy_some(void* to, std::uintptr_t from, std::size_t size) noexcept {
  const std::size_t in_page = std::min<std::size_t>(size, kLeastPage - from % kLeastPage);
  const iovec local{to, size};
  const std::array<iovec, 2> remote{
      iovec{reinterpret_cast<void*>(from), in_page},  // NOLINT(performance-no-int-to-ptr)
      iovec{reinterpret_cast<void*>(from + in_page), size - in_page}};  // NOLINT(*-int-to-ptr)
  const int saved_errno = errno;
  const long copied =
      syscall(SYS_process_vm_readv, getpid(), &local, 1UL, remote.data(), remote.size(), 0UL);
  errno = saved_errno;
  return copied > 0 ? static_cast<std::size_t>(copied) : 0;
}

}  // namespace

bool copy_memory(void* to, std::uintptr_t from, std::size_t size) noexcept {
  return copy_some(to, from, size) == size;
}

bool can_copy_memory() noexcept {
  const char there = 1;
  char copy = 0;
  return copy_memory(&copy, reinterpret_cast<std::uintptr_t>(&there), 1) && copy == 1;
}

void learn_own_stack() noexcept {
  if (own_stack.known) return;
  own_stack.known = true;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* begin = nullptr;
  std::size_t size = 0;
  if (pthread_attr_getstack(&attributes, &begin, &size) == 0) {
    const auto first = reinterpret_cast<std::uintptr_t>(begin);
    own_stack.begin = first;  // a handler that comes in between finds an empty range
    own_stack.end = first + size;
  }
  pthread_attr_destroy(&attributes);
}

StackMemory::StackMemory(std::uintptr_t live) noexcept
    : live_(live), live_end_(live >= own_stack.begin && live < own_stack.end ? own_stack.end : 0) {}

bool StackMemory::read_copy(std::uintptr_t address, std::uintptr_t lowest,
                            std::uintptr_t& word) noexcept {
  if ((address < copied_ || address >= copied_ + copied_words_ * kWordBytes) &&
      !copy(address, lowest)) {
    return false;
  }
  word = words_[(address - copied_) / kWordBytes];
  return true;
}

// Also a little from before: the return address is read first, and lies outermost in its frame.
bool StackMemory::copy(std::uintptr_t address, std::uintptr_t lowest) noexcept {
  constexpr std::uintptr_t kBefore = 8 * kWordBytes;
  const std::uintptr_t first = (lowest + kWordBytes - 1) / kWordBytes * kWordBytes;
  copied_ = address - first > kBefore ? address - kBefore : first;
  copied_words_ = copy_some(words_.data(), copied_, sizeof(words_)) / kWordBytes;
  return address < copied_ + copied_words_ * kWordBytes;
}

}  // namespace pprof::internal
