// malloc and its relatives. See front.h.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "heap/front.h"

namespace pprof::internal {
namespace {

[[gnu::noinline, gnu::cold]] void* realloc_sampled(void* block, std::size_t size,
                                                   const void* caller, bool used_up) {
  const bool was_sampled = is_sampled(block);
  void* const sampled =
      used_up ? sample_block(size, kDefaultAlignment, caller, was_sampled ? block : nullptr)
              : nullptr;
  if (sampled == block || (sampled == nullptr && !was_sampled)) {
    return sampled != nullptr ? sampled : below.realloc(block, size);
  }
  void* const moved = sampled != nullptr ? sampled : below.malloc(size);
  if (moved == nullptr) return nullptr;
  const std::size_t old_size = was_sampled ? sampled_size(block) : below.usable_size(block);
  std::memcpy(moved, block, std::min(size, old_size));
  std::free(block);
  return moved;
}

// A reallocation is a new allocation of the whole size, and the old block is freed.
[[gnu::always_inline]] inline void* reallocate(void* block, std::size_t size) {
  if (block == nullptr) {
    return allocate(size, kDefaultAlignment, [=] { return below.malloc(size); });
  }
  if (size == 0 && is_sampled(block)) {
    free_sampled(block);
    return nullptr;
  }
  const bool used_up = __builtin_sub_overflow(bytes_until_sample, size, &bytes_until_sample);
  if (used_up || is_sampled(block)) [[unlikely]] {
    return realloc_sampled(block, size, __builtin_return_address(0), used_up);
  }
  return below.realloc(block, size);
}

[[gnu::always_inline]] inline void* allocate_aligned(std::size_t alignment, std::size_t size) {
  return allocate(size, alignment, [=] { return below.memalign(alignment, size); });
}

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace
}  // namespace pprof::internal

using namespace pprof::internal;

extern "C" {

// Named by CMake, so that the linker takes this file from the library.
extern const int pprof_heap_front;
const int pprof_heap_front = 1;

void* malloc(std::size_t size) noexcept {
  return allocate(size, kDefaultAlignment, [=] { return below.malloc(size); });
}

void free(void* block) noexcept {
  release(block, [=] { below.free(block); });
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (!__builtin_mul_overflow(count, size, &bytes) &&
      __builtin_sub_overflow(bytes_until_sample, bytes, &bytes_until_sample)) [[unlikely]] {
    void* const block = sample_block(bytes, kDefaultAlignment, __builtin_return_address(0));
    if (block != nullptr) {
      clear_sampled(block);
      return block;
    }
  }
  return below.calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept { return reallocate(block, size); }

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (!__builtin_mul_overflow(count, size, &bytes)) return reallocate(block, bytes);
  errno = ENOMEM;
  return nullptr;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return allocate_aligned(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return allocate_aligned(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  if (!std::has_single_bit(alignment) || alignment < sizeof(void*)) return EINVAL;
  const int error = errno;
  void* const block = allocate_aligned(alignment, size);
  errno = error;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

void* valloc(std::size_t size) noexcept { return allocate_aligned(page_bytes(), size); }

void* pvalloc(std::size_t size) noexcept {
  const std::size_t page = page_bytes();
  std::size_t end = 0;
  if (!__builtin_add_overflow(size, page - 1, &end)) {
    return allocate_aligned(page, end & ~(page - 1));
  }
  errno = ENOMEM;
  return nullptr;
}

std::size_t malloc_usable_size(void* block) noexcept {
  return is_sampled(block) ? sampled_size(block) : below.usable_size(block);
}

// C23's. Most allocators have none yet, and a caller has found the C library's.
void free_sized(void* block, std::size_t /*size*/) noexcept { std::free(block); }
void free_aligned_sized(void* block, std::size_t /*alignment*/, std::size_t /*size*/) noexcept {
  std::free(block);
}
}
