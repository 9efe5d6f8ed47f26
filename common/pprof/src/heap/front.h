// What stands in front of the allocator: front_malloc.cpp and front_new.cpp define malloc, free,
// operator new and their relatives for the whole process, count, and forward to the allocator
// below. Only those two files use this. Thread-safety: any thread.
//
// The allocator below is the next definition of these names after ours, in the loader's order:
// tcmalloc's, jemalloc's, mimalloc's, a preloaded one's, or the C library's.
#pragma once

#include <cstddef>

#include "heap/sampler.h"

namespace pprof::internal {

// Until its first call each looks all of them up.
struct AllocatorBelow {
  void* (*malloc)(std::size_t size) noexcept;
  void (*free)(void* block) noexcept;
  void* (*calloc)(std::size_t count, std::size_t size) noexcept;
  void* (*realloc)(void* block, std::size_t size) noexcept;
  void* (*memalign)(std::size_t alignment, std::size_t size) noexcept;
  std::size_t (*usable_size)(void* block) noexcept;
  // The allocator's own, else made of its malloc and free. `alignment` is a std::align_val_t.
  void* (*new_)(std::size_t size);
  void* (*new_aligned)(std::size_t size, std::size_t alignment);
  void (*delete_)(void* block) noexcept;
  void (*delete_sized)(void* block, std::size_t size) noexcept;
  void (*delete_aligned)(void* block, std::size_t alignment) noexcept;
  void (*delete_sized_aligned)(void* block, std::size_t size, std::size_t alignment) noexcept;
};
[[gnu::visibility("hidden")]] extern constinit AllocatorBelow below;

// Has what the program's own operator delete is for go there. Called when `found` is complete.
void respect_replaced_operators(AllocatorBelow& found) noexcept;

inline constexpr std::size_t kDefaultAlignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

template <class Forward>
[[gnu::noinline, gnu::cold]] void* sample_or(std::size_t size, std::size_t alignment,
                                             const void* caller, Forward forward) {
  void* const block = sample_block(size, alignment, caller);
  return block != nullptr ? block : forward();
}

// Both are inlined, so that an ordinary call costs a subtraction or a comparison, and the return
// address is that of the function that allocates.
template <class Forward>
[[gnu::always_inline]] inline void* allocate(std::size_t size, std::size_t alignment,
                                             Forward forward) {
  if (__builtin_sub_overflow(bytes_until_sample, size, &bytes_until_sample)) [[unlikely]] {
    return sample_or(size, alignment, __builtin_return_address(0), forward);
  }
  return forward();
}

template <class Forward>
[[gnu::always_inline]] inline void release(void* block, Forward forward) {
  if (is_sampled(block)) [[unlikely]] {
    return free_sampled(block);
  }
  forward();
}

}  // namespace pprof::internal
