// See recorder.h.
#include "heap/recorder.h"

#include <pthread.h>

#include <array>

#include "stacks/unwind.h"

namespace pprof::internal {

void HeapRecorder::add(std::uint64_t key, std::size_t size, std::size_t size_class,
                       const void* return_address) {
  std::array<std::uintptr_t, kMaxStackDepth> stack;  // NOLINT(*-member-init): filled below
  const std::size_t depth = capture_own_stack(stack.data(), stack.size(), return_address);
  const std::lock_guard lock(mutex);
  table.add(key, size, size_class, {stack.data(), depth});
}

HeapRecorder& heap_recorder() {
  static auto* const recorder = [] {
    const auto lock = [] { std::lock(heap_recorder().hooks_mutex, heap_recorder().mutex); };
    const auto unlock = [] {
      heap_recorder().mutex.unlock();
      heap_recorder().hooks_mutex.unlock();
    };
    pthread_atfork(lock, unlock, unlock);
    return new HeapRecorder;
  }();
  return *recorder;
}

}  // namespace pprof::internal
