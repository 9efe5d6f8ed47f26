// See alloc_counter.h.
#include "alloc_counter.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local alloc_counter::Count count;
constinit std::atomic<const alloc_counter::Observer*> current_observer{nullptr};

void* counted(std::size_t size, std::size_t alignment) noexcept {
  ++count.allocations;
  count.bytes += size;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* counted_or_throw(std::size_t size, std::size_t alignment) {
  void* p = counted(size, alignment);
  if (p == nullptr) throw std::bad_alloc();
  if (const auto* observer = current_observer.load(std::memory_order_relaxed)) {
    observer->allocated(p);
  }
  return p;
}

void release(void* p) noexcept {
  const auto* observer = current_observer.load(std::memory_order_relaxed);
  if (observer != nullptr && p != nullptr) observer->freed(p);
  std::free(p);
}

}  // namespace

namespace alloc_counter {

Count this_thread() { return count; }

void set_observer(const Observer* observer) { current_observer = observer; }

}  // namespace alloc_counter

// The other forms (arrays, nothrow, sized delete) call these by the standard's own defaults.
void* operator new(std::size_t size) { return counted_or_throw(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
