// See counting.h.
#include "grading/counting.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

// The C library's own, under the names that it keeps for programs with a malloc of theirs.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

constinit thread_local counting::Count count;
constinit thread_local int locks_held = 0;
constinit thread_local bool in_profiler = false;  // whose memory nobody is charged for
constinit std::atomic<std::int64_t> live{0};
constinit std::atomic<std::uint64_t> all_writes{0};
std::function<void()> write_hook;
std::atomic<bool> hook_set{false};
std::atomic<bool> in_hook{false};

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::int64_t size_of(void* block) { return static_cast<std::int64_t>(malloc_usable_size(block)); }

void charge(std::size_t bytes) {
  if (in_profiler) return;
  ++count.allocations;
  count.bytes += bytes;
  if (locks_held > 0) ++count.allocations_under_lock;
}

void* counted(void* block, std::size_t bytes) {
  charge(bytes);
  if (block != nullptr) live += size_of(block);
  return block;
}

void before_write() {
  ++all_writes;
  if (hook_set && !in_hook.exchange(true)) {
    write_hook();
    in_hook = false;
  }
}

}  // namespace

namespace counting {

Count now() {
  Count all = count;
  all.writes = all_writes;
  return all;
}

std::int64_t live_bytes() { return live; }

void set_write_hook(std::function<void()> hook) {
  write_hook = std::move(hook);
  hook_set = static_cast<bool>(write_hook);
}

}  // namespace counting

// The program's own definitions come before the C library's. A probe is small and starts its
// threads itself, so none of the risks of doing this in a service exist here.
extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto next = real<int(pthread_mutex_t*)>("pthread_mutex_lock");
  const int result = next(mutex);
  if (result == 0) ++locks_held;
  return result;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static const auto next = real<int(pthread_mutex_t*)>("pthread_mutex_trylock");
  const int result = next(mutex);
  if (result == 0) ++locks_held;
  return result;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  static const auto next = real<int(pthread_mutex_t*)>("pthread_mutex_unlock");
  --locks_held;
  return next(mutex);
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto next = real<ssize_t(int, const void*, size_t)>("write");
  before_write();
  return next(fd, data, size);
}

ssize_t writev(int fd, const iovec* parts, int count_of_parts) {
  static const auto next = real<ssize_t(int, const iovec*, int)>("writev");
  before_write();
  return next(fd, parts, count_of_parts);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static const auto next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  before_write();
  return next(fd, data, size, at);
}

// pprof::internal::record_block() and record_mutex(), which pprof::Mutex calls while it is held:
// the linker's --wrap (StageProbe.cmake) lets them be called here.
// NOLINTBEGIN(bugprone-reserved-identifier)
void __real__ZN5pprof8internal12record_blockElPKv(std::int64_t delay_ns, const void* at) noexcept;
void __real__ZN5pprof8internal12record_mutexElPKv(std::int64_t delay_ns, const void* at) noexcept;

void __wrap__ZN5pprof8internal12record_blockElPKv(std::int64_t delay_ns, const void* at) noexcept {
  in_profiler = true;
  __real__ZN5pprof8internal12record_blockElPKv(delay_ns, at);
  in_profiler = false;
}

void __wrap__ZN5pprof8internal12record_mutexElPKv(std::int64_t delay_ns, const void* at) noexcept {
  in_profiler = true;
  __real__ZN5pprof8internal12record_mutexElPKv(delay_ns, at);
  in_profiler = false;
}
// NOLINTEND(bugprone-reserved-identifier)

void* mmap(void* place, size_t size, int protection, int flags, int fd, off_t at) noexcept {
  charge(size);
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<void*>(syscall(SYS_mmap, place, size, protection, flags, fd, at));
}

void* malloc(size_t size) { return counted(__libc_malloc(size), size); }
void* calloc(size_t n, size_t size) { return counted(__libc_calloc(n, size), n * size); }
void* memalign(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size), size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
void* realloc(void* block, size_t size) {
  if (block != nullptr) live -= size_of(block);
  return counted(__libc_realloc(block, size), size);
}
void free(void* block) {
  if (block != nullptr) live -= size_of(block);
  __libc_free(block);
}

}  // extern "C"

// A stage that brings its own does not link.
void* operator new(std::size_t size) {
  if (void* const block = malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { free(block); }
void operator delete(void* block, std::size_t) noexcept { free(block); }
