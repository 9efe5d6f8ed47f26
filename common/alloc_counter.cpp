// See alloc_counter.h.
#include "alloc_counter.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local alloc_counter::Count count;

void* counted(std::size_t size, std::size_t alignment) noexcept {
  ++count.allocations;
  count.bytes += size;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* counted_or_throw(std::size_t size, std::size_t alignment) {
  void* p = counted(size, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

namespace alloc_counter {

Count this_thread() { return count; }

}  // namespace alloc_counter

// The other forms (arrays, nothrow) call these by the standard's own defaults.
void* operator new(std::size_t size) { return counted_or_throw(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
