// Proves what our signal handlers do not do: allocate, free, lock. This program puts traps in the
// way of malloc, free, the pthread locks and dl_iterate_phdr, and counts who steps on them.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <ctime>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capture_helpers.h"
#include "cpu/cpu.h"
#include "pprof/label.h"
#include "pprof/thread.h"
#include "stacks/unwind.h"
#include "symbolize/modules.h"
#include "threads/inside_handler.h"
#include "threads/threads.h"
#include "wall/wall.h"

namespace {

struct Trap {
  std::atomic<int> inside_handlers{0};
  std::atomic<int> elsewhere{0};  // proves that the trap works

  void step_on() {
    (pprof::internal::InsideHandler::is_true() ? inside_handlers : elsewhere)
        .fetch_add(1, std::memory_order_relaxed);
  }
};
constinit Trap allocations;
constinit Trap frees;
constinit Trap locks;
constinit Trap module_lists;
constinit std::atomic<int> under_loaders_lock{0};  // allocations
constinit thread_local bool has_loaders_lock = false;
using Reaction = void (*)();
constinit thread_local Reaction on_allocation = nullptr;  // and on free()
// Not forbidden: they prove that the handlers are noticed.
constinit Trap clock_readings;  // both
constinit Trap prctl_calls;     // the one that is not SIGPROF's

template <class Function>
[[maybe_unused]] Function next_function(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#if PPROF_TRAPS
extern "C" {
// The C library's own, under names that it exports for those who replace malloc.
void* __libc_malloc(std::size_t size) noexcept;
void __libc_free(void* block) noexcept;

void* malloc(std::size_t size) noexcept {
  allocations.step_on();
  if (has_loaders_lock) ++under_loaders_lock;
  if (on_allocation != nullptr) on_allocation();
  return __libc_malloc(size);
}
void free(void* block) noexcept {
  frees.step_on();
  if (on_allocation != nullptr) on_allocation();
  __libc_free(block);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto next = next_function<int (*)(pthread_mutex_t*)>("pthread_mutex_lock");
  locks.step_on();
  return next(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static const auto next = next_function<int (*)(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  locks.step_on();
  return next(lock);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static const auto next = next_function<int (*)(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  locks.step_on();
  return next(lock);
}
int dl_iterate_phdr(int (*callback)(dl_phdr_info*, std::size_t, void*), void* data) {
  static const auto next = next_function<decltype(&dl_iterate_phdr)>("dl_iterate_phdr");
  module_lists.step_on();
  has_loaders_lock = true;
  const int result = next(callback, data);
  has_loaders_lock = false;
  return result;
}
int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto next = next_function<int (*)(clockid_t, timespec*)>("clock_gettime");
  clock_readings.step_on();
  return next(clock, time);
}
int prctl(int option, ...) noexcept {  // as the handler calls it: with one argument
  static const auto next = next_function<int (*)(int, ...)>("prctl");
  prctl_calls.step_on();
  std::va_list arguments;
  va_start(arguments, option);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return next(option, argument);
}
}

// Looks it up now: dlsym() is not for handlers.
[[maybe_unused]] const int prctl_found = prctl(PR_GET_DUMPABLE, nullptr);
#endif

namespace pprof::internal {
namespace {

using std::chrono::milliseconds;

// A thread that calls, allocates, throws and locks until the end of the scope.
class BusyThread {
 public:
  BusyThread() : thread_([this] { run(); }) {}
  ~BusyThread() {
    stop_ = true;
    thread_.join();
  }
  BusyThread(const BusyThread&) = delete;
  BusyThread& operator=(const BusyThread&) = delete;

 private:
  void run() {
    const ThreadScope scope("busy");
    while (!stop_) {
      const LabelScope label("route", "/busy");
      try {
        throw std::runtime_error("as a service under load would");
      } catch (const std::exception& error) {
        length_ += std::string(error.what()).size();
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::size_t length_ = 0;
  std::thread thread_;
};

TEST(Handler, NeitherAllocatesNorLocks) {
#if !PPROF_TRAPS
  GTEST_SKIP() << "no traps under a sanitizer";
#endif
  {
    const std::array<BusyThread, 3> load;
    for (int i = 0; i < 20; ++i) capture_threads();
    wall_profile(milliseconds(500), [] { return true; });
    EXPECT_GT(prctl_calls.inside_handlers, 0);
    const int clock_readings_before = clock_readings.inside_handlers;
    cpu_profile(milliseconds(500), [] { return true; });
    EXPECT_GT(clock_readings.inside_handlers, clock_readings_before);
    std::mutex mutex;
    const std::lock_guard lock(mutex);
    dl_iterate_phdr([](dl_phdr_info*, std::size_t, void*) { return 1; }, nullptr);
  }
  EXPECT_GT(prctl_calls.inside_handlers, 0);
  EXPECT_GT(clock_readings.inside_handlers, 0);
  for (const Trap* const trap : {&locks, &module_lists, &allocations, &frees}) {
    EXPECT_EQ(trap->inside_handlers, 0);
    EXPECT_GT(trap->elsewhere, 0) << "the trap does not work";
  }
}

using Stack = std::array<std::uintptr_t, kMaxStackDepth>;
[[gnu::noinline]] std::size_t walk_from_here(Stack& out) {
  return capture_own_stack(out.data(), out.size(), __builtin_return_address(0));
}

// A fiber's stack is always cut, and was looked into with the lock for each heap sample, signals
// blocked: a thread that allocated much had no stack in wall.
TEST(Handler, AWalkTakesNoLockWhereAllCodeIsKnown) {
#if !PPROF_TRAPS
  GTEST_SKIP() << "no traps under a sanitizer";
#endif
  static ucontext_t outside{};
  static ucontext_t fiber{};
  static int locks_taken = -1;
  std::vector<char> stack(256 * 1024);
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = stack.data();
  fiber.uc_stack.ss_size = stack.size();
  fiber.uc_link = &outside;
  const auto walk_twice = [] {
    Stack walked{};
    for (int i = 0; i < 2; ++i) {
      const int before = locks.elsewhere;
      const std::size_t depth = walk_from_here(walked);
      locks_taken = locks.elsewhere - before;
      EXPECT_EQ(walked.at(depth - 1), kCutMark);
      EXPECT_GT(depth, 1U);
    }
  };
  makecontext(&fiber, walk_twice, 0);
  swapcontext(&outside, &fiber);
  EXPECT_EQ(locks_taken, 0);
}

// The other way round tcmalloc 2.10 takes the two: it walks its stack, for which it needs the
// loader's lock, while it holds its own.
TEST(Handler, NothingAllocatesWithTheLoadersLock) {
#if !PPROF_TRAPS
  GTEST_SKIP() << "no traps under a sanitizer";
#endif
  const int lists = module_lists.elsewhere;
  ModuleTable table;
  EXPECT_NE(table.find(reinterpret_cast<std::uintptr_t>(&capture_threads)), nullptr);
  EXPECT_GT(module_lists.elsewhere, lists) << "the trap does not work";
  EXPECT_EQ(under_loaders_lock, 0);
}

// gperftools 2.10 allocates with the lock that its handler takes, as it blocks SIGPROF there. The
// thread that is interrupted then may be the one that has the allocator's lock.
TEST(Handler, ATickDoesNotWaitForWhoStartsOrStopsGperftools) {
#if !PPROF_TRAPS
  GTEST_SKIP() << "no traps under a sanitizer";
#endif
  static std::atomic<int> asked{0};
  static std::atomic<int> answered{0};
  static bool is_stuck = false;
  const auto capture = [] { cpu_profile(milliseconds(10), [] { return true; }); };
  capture();  // since then the handler is there
  std::thread interrupted([] {
    for (int last = 0; last >= 0; answered = last) {
      std::this_thread::sleep_for(milliseconds(1));
      if (const int now = asked; std::exchange(last, now) != now) std::raise(SIGPROF);
    }
  });
  on_allocation = [] {
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    if (is_stuck || sigismember(&blocked, SIGPROF) == 0) return;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const int number = ++asked;
    while (answered != number && !is_stuck) {
      std::this_thread::yield();
      is_stuck = std::chrono::steady_clock::now() > end;
    }
  };
  capture();
  on_allocation = nullptr;
  const bool was_asked = asked.exchange(-1) > 0;
  interrupted.join();
  EXPECT_FALSE(is_stuck);
  if (!was_asked) GTEST_SKIP() << "this gperftools allocates nothing there";
}

// When a process forks, another thread may hold the allocator's lock: in the child it stays locked.
TEST(Handler, ThoseOfForkNeitherAllocateNorFree) {
#if !PPROF_TRAPS
  GTEST_SKIP() << "no traps under a sanitizer";
#endif
  const ThreadScope scope("forker");
  capture_threads();
  const auto steps = [] { return allocations.inside_handlers + frees.inside_handlers; };
  const int before = steps();
  pid_t child = 0;
  {
    const InsideHandler mark;
    child = fork();
  }
  if (child == 0) _exit(steps() - before);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(steps(), before);
}

// Throws while the registers hold numbers: unwinding that takes one for an address crashes.
#ifndef __clang__  // has no such attribute, and one number less
[[gnu::optimize("omit-frame-pointer")]]
#endif
[[gnu::noinline]] long
throw_with_numbers_in_registers(const std::atomic<bool>& stop) {
  long a = 1;
  long b = 2;
  long c = 3;
  long d = 4;
  long e = 5;
  long f = 6;
  while (!stop) {
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    try {
      throw 1;
    } catch (int number) {
      a += number;
    }
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
  }
  return a + b + c + d + e + f;
}

TEST(Handler, SurvivesInterruptingAThrow) {
  std::atomic<bool> stop{false};
  std::thread thrower([&stop] { throw_with_numbers_in_registers(stop); });
  const auto end = std::chrono::steady_clock::now() + milliseconds(1500);
  while (std::chrono::steady_clock::now() < end) EXPECT_GE(capture_threads().size(), 2U);
  stop = true;
  thrower.join();
}

// The loader's own lock cannot be trapped; a thread holds it instead.
TEST(Handler, NeedsNoLockOfTheLoader) {
  NEEDS_SIGNALS_IN_TIME();
  struct Signals {
    std::latch holding{1};
    std::latch release{1};
  } signals;
  std::thread holder([&signals] {
    const ThreadScope scope("loader-lock");
    dl_iterate_phdr(
        [](dl_phdr_info*, std::size_t, void* data) {
          auto* const both = static_cast<Signals*>(data);
          both->holding.count_down();
          both->release.wait();
          return 1;
        },
        &signals);
  });
  signals.holding.wait();
  const std::array<BusyThread, 2> load;
  std::vector<ThreadStack> threads;
  for (int i = 0; i < 20; ++i) threads = capture_threads();
  signals.release.count_down();
  holder.join();
  for (const ThreadStack& thread : threads) {
    EXPECT_EQ(thread.silent_because, "") << thread.name;
    EXPECT_FALSE(thread.stack.empty()) << thread.name;
  }
  EXPECT_GE(threads.size(), 4U);
}

}  // namespace
}  // namespace pprof::internal
