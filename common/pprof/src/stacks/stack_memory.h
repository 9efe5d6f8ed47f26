// Reads memory that may not be there. Async-signal-safe; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pprof::internal {

// Copies memory of this process. The kernel copies, and fails where a load would fault, also if the
// memory goes away at this moment. All or nothing. About 1 us.
bool copy_memory(void* to, std::uintptr_t from, std::size_t size) noexcept;

// Whether the kernel copies at all: a seccomp filter may forbid process_vm_readv(2).
bool can_copy_memory() noexcept;

// Notes the bounds of the calling thread's stack, once, so that StackMemory need not ask the
// kernel. Allocates. Not in a signal handler, nor in malloc: glibc allocates under the lock of the
// thread whose bounds are asked for, and a thread that was there already would wait for itself.
void learn_own_stack() noexcept;

// The words of one stack, read from its inner end outwards.
class StackMemory {
 public:
  // `live` is the stack pointer or an address in a frame of a function that has not returned: from
  // there to the outer end of the thread's own stack, if it lies there, memory is certain to stay,
  // and is read directly.
  explicit StackMemory(std::uintptr_t live) noexcept;

  // False if `address` is unaligned, below `lowest`, or not in memory.
  bool read(std::uintptr_t address, std::uintptr_t lowest, std::uintptr_t& word) noexcept {
    if (address % sizeof(word) != 0 || address < lowest) return false;
    if (address < live_ || address >= live_end_) return read_copy(address, lowest, word);
    word = word_at(address);
    return true;
  }

 private:
  static constexpr std::size_t kWords = 128;  // handlers may run on small stacks

  // Frames that are being executed: sanitizers cannot know that they may be read.
  [[gnu::no_sanitize("thread", "address")]] static std::uintptr_t word_at(std::uintptr_t address) {
    return *reinterpret_cast<const volatile std::uintptr_t*>(  // NOLINT(performance-no-int-to-ptr)
        address);
  }
  bool read_copy(std::uintptr_t address, std::uintptr_t lowest, std::uintptr_t& word) noexcept;
  bool copy(std::uintptr_t address, std::uintptr_t lowest) noexcept;

  std::uintptr_t live_;
  std::uintptr_t live_end_;
  std::uintptr_t copied_ = 0;  // where words_[0] comes from
  std::size_t copied_words_ = 0;
  std::array<std::uintptr_t, kWords> words_;
};

}  // namespace pprof::internal
