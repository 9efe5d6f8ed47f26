// operator new and delete. See front.h. Weak: a program may define some of them itself. What its
// own ones take from malloc is sampled there, and the others go to them, as the standard has it.
#include <new>

#include "heap/front.h"

using namespace pprof::internal;

namespace {

constinit bool new_is_replaced = false;
constinit bool delete_is_replaced = false;

std::size_t value(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

// What the throwing form cannot give is a null pointer.
template <class Forward>
void* without_throwing(Forward forward) noexcept {
  try {
    return forward();
  } catch (...) {
    return nullptr;
  }
}

// A program's own operator new may give out addresses within a sampled block.
[[gnu::noinline, gnu::cold]] void delete_sampled(void* block) noexcept {
  delete_is_replaced ? ::operator delete(block) : free_sampled(block);
}

template <class Forward>
[[gnu::always_inline]] inline void release_new(void* block, Forward forward) {
  if (is_sampled(block)) [[unlikely]] {
    return delete_sampled(block);
  }
  forward();
}

}  // namespace

[[gnu::weak]] void* operator new(std::size_t size) {
  return allocate(size, kDefaultAlignment, [=] { return below.new_(size); });
}

[[gnu::weak]] void* operator new[](std::size_t size) {
  if (new_is_replaced) return ::operator new(size);
  return allocate(size, kDefaultAlignment, [=] { return below.new_(size); });
}

// [] and not [] are the same to every allocator.
#define PPROF_FRONT(NEW, DELETE)                                                                \
  [[gnu::weak]] void* NEW(std::size_t size, const std::nothrow_t&) noexcept {                   \
    if (new_is_replaced) return without_throwing([=] { return ::operator new(size); });         \
    return allocate(size, kDefaultAlignment,                                                    \
                    [=] { return without_throwing([=] { return below.new_(size); }); });        \
  }                                                                                             \
  [[gnu::weak]] void* NEW(std::size_t size, std::align_val_t alignment) {                       \
    return allocate(size, value(alignment),                                                     \
                    [=] { return below.new_aligned(size, value(alignment)); });                 \
  }                                                                                             \
  [[gnu::weak]] void* NEW(std::size_t size, std::align_val_t alignment,                         \
                          const std::nothrow_t&) noexcept {                                     \
    return allocate(size, value(alignment), [=] {                                               \
      return without_throwing([=] { return below.new_aligned(size, value(alignment)); });       \
    });                                                                                         \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block) noexcept {                                             \
    release_new(block, [=] { below.delete_(block); });                                          \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block, const std::nothrow_t&) noexcept {                      \
    release_new(block, [=] { below.delete_(block); });                                          \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block, std::size_t size) noexcept {                           \
    release_new(block, [=] { below.delete_sized(block, size); });                               \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block, std::align_val_t alignment) noexcept {                 \
    release(block, [=] { below.delete_aligned(block, value(alignment)); });                     \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block, std::align_val_t to, const std::nothrow_t&) noexcept { \
    release(block, [=] { below.delete_aligned(block, value(to)); });                            \
  }                                                                                             \
  [[gnu::weak]] void DELETE(void* block, std::size_t size, std::align_val_t to) noexcept {      \
    release(block, [=] { below.delete_sized_aligned(block, size, value(to)); });                \
  }

PPROF_FRONT(operator new, operator delete)
PPROF_FRONT(operator new[], operator delete[])

namespace pprof::internal {
namespace {

// These two name the functions above even if the program has its own.
[[gnu::alias("_Znwm"), gnu::malloc, gnu::alloc_size(1)]] void* own_new(std::size_t size);
[[gnu::alias("_ZdlPv")]] void own_delete(void* block) noexcept;

}  // namespace

void respect_replaced_operators(AllocatorBelow& found) noexcept {
  void* (*const new_in_use)(std::size_t) = ::operator new;
  void (*const delete_in_use)(void*) noexcept = ::operator delete;
  new_is_replaced = new_in_use != own_new;
  delete_is_replaced = delete_in_use != own_delete;
  if (!delete_is_replaced) return;
  found.delete_ = delete_in_use;
  found.delete_sized = [](void* block, std::size_t /*size*/) noexcept { ::operator delete(block); };
}

}  // namespace pprof::internal
