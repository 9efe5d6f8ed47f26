// operator new and delete. See front.h. A file of its own: a program that defines them itself links
// without it, and what it gets from malloc is sampled there.
#include <new>

#include "heap/front.h"

using namespace pprof::internal;

namespace {

std::size_t value(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

// As the standard has it: what the throwing form cannot give is a null pointer.
template <class Forward>
void* without_throwing(Forward forward) noexcept {
  try {
    return forward();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

// [] and not [] are the same to every allocator.
#define PPROF_FRONT_NEW(NEW, DELETE)                                                        \
  void* NEW(std::size_t size) {                                                             \
    return allocate(size, kDefaultAlignment, [=] { return below.new_(size); });             \
  }                                                                                         \
  void* NEW(std::size_t size, const std::nothrow_t&) noexcept {                             \
    return allocate(size, kDefaultAlignment,                                                \
                    [=] { return without_throwing([=] { return below.new_(size); }); });    \
  }                                                                                         \
  void* NEW(std::size_t size, std::align_val_t alignment) {                                 \
    return allocate(size, value(alignment),                                                 \
                    [=] { return below.new_aligned(size, value(alignment)); });             \
  }                                                                                         \
  void* NEW(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { \
    return allocate(size, value(alignment), [=] {                                           \
      return without_throwing([=] { return below.new_aligned(size, value(alignment)); });   \
    });                                                                                     \
  }                                                                                         \
  void DELETE(void* block) noexcept {                                                       \
    release(block, [=] { below.delete_(block); });                                          \
  }                                                                                         \
  void DELETE(void* block, const std::nothrow_t&) noexcept {                                \
    release(block, [=] { below.delete_(block); });                                          \
  }                                                                                         \
  void DELETE(void* block, std::size_t size) noexcept {                                     \
    release(block, [=] { below.delete_sized(block, size); });                               \
  }                                                                                         \
  void DELETE(void* block, std::align_val_t alignment) noexcept {                           \
    release(block, [=] { below.delete_aligned(block, value(alignment)); });                 \
  }                                                                                         \
  void DELETE(void* block, std::align_val_t alignment, const std::nothrow_t&) noexcept {    \
    release(block, [=] { below.delete_aligned(block, value(alignment)); });                 \
  }                                                                                         \
  void DELETE(void* block, std::size_t size, std::align_val_t alignment) noexcept {         \
    release(block, [=] { below.delete_sized_aligned(block, size, value(alignment)); });     \
  }

PPROF_FRONT_NEW(operator new, operator delete)
PPROF_FRONT_NEW(operator new[], operator delete[])
