// Finds the allocator below and starts the sampler before main(). See front.h.
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "heap/front.h"
#include "heap/heap.h"
#include "stacks/stack_memory.h"

namespace pprof::internal {
namespace {

void look_all_up();

template <auto Member>
struct First;
template <class Result, class... Arguments, bool kNoexcept,
          Result (*AllocatorBelow::*Member)(Arguments...) noexcept(kNoexcept)>
struct First<Member> {
  static Result call(Arguments... arguments) noexcept(kNoexcept) {
    look_all_up();
    return (below.*Member)(arguments...);
  }
};

// While they are looked up: dlsym() may allocate.
void* early_calloc(std::size_t count, std::size_t size) noexcept {
  void* const block = unsampled_block(count * size);
  if (block != nullptr) clear_sampled(block);
  return block;
}
void* early_realloc(void* /*none*/, std::size_t size) noexcept { return unsampled_block(size); }

// For an allocator without operators of its own: libstdc++'s would come back to our malloc.
template <class Allocate>
void* new_by(Allocate allocate_once) {
  for (;;) {
    if (void* const block = allocate_once(); block != nullptr) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}
void* new_by_malloc(std::size_t size) {
  return new_by([=] { return below.malloc(size != 0 ? size : 1); });
}
void* new_by_memalign(std::size_t size, std::size_t alignment) {
  return new_by([=] { return below.memalign(alignment, size != 0 ? size : 1); });
}
void free_with_one(void* block, std::size_t /*size*/) noexcept { below.free(block); }
void free_with_two(void* block, std::size_t /*size*/, std::size_t /*alignment*/) noexcept {
  below.free(block);
}

const void* module_of(const void* code) {
  Dl_info info{};
  return code != nullptr && dladdr(code, &info) != 0 ? info.dli_fbase : nullptr;
}

template <class Function>
bool look_up(Function*& function, const char* name, const void* module = nullptr) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr || (module != nullptr && module_of(found) != module)) return false;
  function = reinterpret_cast<Function*>(found);
  return true;
}

bool look_operators_up(AllocatorBelow& found) {
  const void* const module = module_of(reinterpret_cast<const void*>(found.malloc));
  return look_up(found.new_, "_Znwm", module) &&
         look_up(found.new_aligned, "_ZnwmSt11align_val_t", module) &&
         look_up(found.delete_, "_ZdlPv", module) &&
         look_up(found.delete_sized, "_ZdlPvm", module) &&
         look_up(found.delete_aligned, "_ZdlPvSt11align_val_t", module) &&
         look_up(found.delete_sized_aligned, "_ZdlPvmSt11align_val_t", module);
}

// Whether the allocator's operator delete calls free(), which is ours: jemalloc's does.
constinit bool came_back = false;
bool deletes_by_free(const AllocatorBelow& found) {
  below.free = [](void* /*block*/) noexcept { came_back = true; };
  found.delete_(found.new_(1));  // a byte is lost if it comes back
  return came_back;
}

constinit const char* obstacle = nullptr;

void look_all_up() {
  hold_sampler_over_fork();
  obstacle = reserve_sample_range();
  below.malloc = unsampled_block;
  below.calloc = early_calloc;
  below.realloc = early_realloc;
  AllocatorBelow found = below;
  if (!look_up(found.malloc, "malloc") || !look_up(found.free, "free") ||
      !look_up(found.calloc, "calloc") || !look_up(found.realloc, "realloc") ||
      !look_up(found.memalign, "memalign") || !look_up(found.usable_size, "malloc_usable_size")) {
    std::abort();
  }
  if (!look_operators_up(found)) {
    found.new_ = new_by_malloc;
    found.new_aligned = new_by_memalign;
    found.delete_ = found.free;
    found.delete_sized = found.delete_aligned = free_with_one;
    found.delete_sized_aligned = free_with_two;
  } else if (deletes_by_free(found)) {
    found.delete_ = found.free;
    found.delete_aligned = free_with_one;
  }
  respect_replaced_operators(found);
  below = found;
}

const char* file_of(const void* code) {
  Dl_info info{};
  if (dladdr(code, &info) == 0 || info.dli_fname == nullptr) return "an unknown file";
  const char* const slash = std::strrchr(info.dli_fname, '/');
  return slash != nullptr ? slash + 1 : info.dli_fname;
}

// A block from here that is freed by the allocator below would end the process. So one and the same
// file must define all of them for everyone: the linker can hide ours, and a plugin's come too
// late.
const char* why_not_in_front() {
  constexpr std::array kNames{"malloc",        "free",         "calloc",
                              "realloc",       "memalign",     "posix_memalign",
                              "aligned_alloc", "reallocarray", "malloc_usable_size"};
  constexpr std::array kOperators{"_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm"};
  const void* const here = module_of(reinterpret_cast<const void*>(&look_all_up));
  const auto defined_by = [](const char* name, const void* module) {
    return module_of(dlsym(RTLD_DEFAULT, name)) == module;
  };
  for (const char* const name : kNames) {
    if (!defined_by(name, here)) {
      return "this program's malloc is not the one that others find: link pprof::heap into the "
             "executable, before other allocators, without -Wl,--exclude-libs or a version script "
             "that hides it";
    }
  }
  const void* const allocator = module_of(reinterpret_cast<const void*>(below.malloc));
  for (const char* const name : kOperators) {
    if (defined_by(name, allocator)) {
      return "operator new is the allocator's: link pprof::heap before the allocator";
    }
  }
  return nullptr;
}

[[gnu::constructor(101)]] void start() {
  if (below.malloc == First<&AllocatorBelow::malloc>::call) look_all_up();
  if (obstacle == nullptr) obstacle = why_not_in_front();
  learn_own_stack();  // the main thread's, and of no other: see there
  start_heap_sampler(file_of(reinterpret_cast<const void*>(below.malloc)), obstacle);
}

}  // namespace

constinit AllocatorBelow below{
    First<&AllocatorBelow::malloc>::call,
    First<&AllocatorBelow::free>::call,
    First<&AllocatorBelow::calloc>::call,
    First<&AllocatorBelow::realloc>::call,
    First<&AllocatorBelow::memalign>::call,
    First<&AllocatorBelow::usable_size>::call,
    First<&AllocatorBelow::new_>::call,
    First<&AllocatorBelow::new_aligned>::call,
    First<&AllocatorBelow::delete_>::call,
    First<&AllocatorBelow::delete_sized>::call,
    First<&AllocatorBelow::delete_aligned>::call,
    First<&AllocatorBelow::delete_sized_aligned>::call,
};

}  // namespace pprof::internal

#if !defined(__x86_64__)
// gperftools refers to this weakly, and only x86's C library still exports it: without it tcmalloc
// does not hold its locks over fork(), and a child of a busy process may wait for one forever.
extern "C" {
int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* object);
[[gnu::weak, gnu::visibility("default")]] int pthread_atfork(void (*prepare)(), void (*parent)(),
                                                             void (*child)()) noexcept {
  return __register_atfork(prepare, parent, child, nullptr);
}
}
#endif
