// Stacks of the calling thread: complete, told apart, and cut with a mark.
#include "stacks/unwind.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "refuse_syscall.h"
#include "stacks/objects.h"
#include "stacks/stack_memory.h"

namespace pprof::internal {
namespace {

using Stack = std::vector<std::uintptr_t>;

[[gnu::noinline]] Stack stack_here() {
  std::array<std::uintptr_t, kMaxStackDepth> out{};
  const std::size_t depth = capture_own_stack(out.data(), out.size(), __builtin_return_address(0));
  return {out.begin(), out.begin() + depth};
}

extern "C" [[gnu::noinline]] void first_caller(Stack* out) {
  *out = stack_here();
  asm volatile("");
}

extern "C" [[gnu::noinline]] void second_caller(Stack* out) {
  *out = stack_here();
  asm volatile("");
}

extern "C" [[gnu::noinline]] void recursive_caller(int depth, Stack* out) {
  if (depth == 0) {
    first_caller(out);
  } else {
    recursive_caller(depth - 1, out);
  }
  asm volatile("");
}

TEST(Unwind, BeginsWithTheCallerAndReachesMain) {
  Stack stack;
  first_caller(&stack);
  ASSERT_FALSE(stack.empty());
  EXPECT_EQ(testing::function_at(stack.front()), "first_caller");
  EXPECT_TRUE(testing::stack_has(stack, "main"));
}

// As in an emulator of the other processor.
#define NEEDS_COPIES() \
  if (*why_stacks_are_cut() != 0) GTEST_SKIP() << "process_vm_readv() is refused"

TEST(Unwind, EndsWithTheOutermostFunctionOfTheThread) {
  Stack stack;
  first_caller(&stack);
  EXPECT_NE(stack.back(), kCutMark);
  NEEDS_COPIES();  // of a thread that the library did not see start
  std::thread([&stack] { first_caller(&stack); }).join();
  EXPECT_EQ(testing::function_at(stack.front()), "first_caller");
  EXPECT_NE(stack.back(), kCutMark);
}

Stack stack_in_handler;

extern "C" [[gnu::noinline]] void handler_that_is_walked(int /*signal*/) {
  stack_in_handler = stack_here();
  asm volatile("");
}

extern "C" [[gnu::noinline]] void function_that_is_interrupted() {
  std::raise(SIGUSR1);
  asm volatile("");
}

TEST(Unwind, CrossesASignalHandlerAlsoOnAStackOfItsOwn) {
  NEEDS_SIGNALS_IN_TIME();
  NEEDS_COPIES();
  std::vector<char> memory(64 * 1024);
  const stack_t alternate{memory.data(), 0, memory.size()};
  const stack_t none{nullptr, SS_DISABLE, 0};
  for (const stack_t& stack : {none, alternate}) {
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = handler_that_is_walked;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, nullptr);
    function_that_is_interrupted();
    EXPECT_EQ(testing::function_at(stack_in_handler.at(0)), "handler_that_is_walked");
    EXPECT_TRUE(testing::stack_has(stack_in_handler, "function_that_is_interrupted"));
    EXPECT_TRUE(testing::stack_has(stack_in_handler, "main"));
    EXPECT_NE(stack_in_handler.back(), kCutMark);
  }
  sigaltstack(&none, nullptr);
  std::signal(SIGUSR1, SIG_DFL);
}

void walk_on_a_fiber(Stack& out) {
  static Stack stack;
  static ucontext_t outside{};
  static ucontext_t fiber{};
  std::vector<char> memory(64 * 1024);
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = memory.data();
  fiber.uc_stack.ss_size = memory.size();
  fiber.uc_link = &outside;
  makecontext(
      &fiber, [] { first_caller(&stack); }, 0);
  swapcontext(&outside, &fiber);
  out = stack;
}

TEST(Unwind, WalksAFibersStackToItsEnd) {
  if (testing::kTsan) GTEST_SKIP() << "tsan must be told of fibers";
  NEEDS_COPIES();
  Stack stack;
  walk_on_a_fiber(stack);
  EXPECT_EQ(testing::function_at(stack.at(0)), "first_caller");
  EXPECT_FALSE(testing::stack_has(stack, "main"));
  EXPECT_EQ(stack.back(), kCutMark) << "glibc does not say that a fiber ends there";
}

// Made at run time: a function with a frame pointer that calls its argument, and one without.
#if defined(__x86_64__)
constexpr std::array<unsigned char, 8> kWithFramePointer{0x55, 0x48, 0x89, 0xE5,
                                                         0xFF, 0xD7, 0x5D, 0xC3};
constexpr std::array<unsigned char, 11> kWithout{0x48, 0x83, 0xEC, 8, 0xFF, 0xD7,
                                                 0x48, 0x83, 0xC4, 8, 0xC3};
#else
constexpr std::array<unsigned char, 20> kWithFramePointer{0xFD, 0x7B, 0xBF, 0xA9, 0xFD, 0x03, 0x00,
                                                          0x91, 0x00, 0x00, 0x3F, 0xD6, 0xFD, 0x7B,
                                                          0xC1, 0xA8, 0xC0, 0x03, 0x5F, 0xD6};
constexpr std::array<unsigned char, 16> kWithout{0xFE, 0x0F, 0x1F, 0xF8, 0x00, 0x00, 0x3F, 0xD6,
                                                 0xFE, 0x07, 0x41, 0xF8, 0xC0, 0x03, 0x5F, 0xD6};
#endif

Stack stack_in_made_code;

extern "C" [[gnu::noinline]] void called_by_made_code() {
  first_caller(&stack_in_made_code);
  asm volatile("");
}

extern "C" [[gnu::noinline]] void calls_made_code(const unsigned char* code, std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  void* const page =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memcpy(page, code, bytes);
  mprotect(page, kPage, PROT_READ | PROT_EXEC);
  __builtin___clear_cache(static_cast<char*>(page), static_cast<char*>(page) + bytes);
  reinterpret_cast<void (*)(void (*)())>(page)(&called_by_made_code);
  munmap(page, kPage);
}

TEST(Unwind, CodeWithoutTablesIsCrossedByItsFramePointers) {
  calls_made_code(kWithFramePointer.data(), kWithFramePointer.size());
  EXPECT_TRUE(testing::stack_has(stack_in_made_code, "called_by_made_code"));
  EXPECT_TRUE(testing::stack_has(stack_in_made_code, "calls_made_code"));
  EXPECT_TRUE(testing::stack_has(stack_in_made_code, "main"));
  EXPECT_NE(stack_in_made_code.back(), kCutMark);
}

TEST(Unwind, TheFirstFramesAreRightWhereCodeHasNeitherTablesNorFramePointers) {
  calls_made_code(kWithout.data(), kWithout.size());
  ASSERT_GE(stack_in_made_code.size(), 3U);
  EXPECT_EQ(testing::function_at(stack_in_made_code.at(0)), "first_caller");
  EXPECT_EQ(testing::function_at(stack_in_made_code.at(1)), "called_by_made_code");
}

Stack stack_below_plugin;

// The loader puts the second where the first was, and neither a capture nor a refresh comes
// between.
TEST(Unwind, AnObjectLoadedInPlaceOfAnotherHasItsOwnTable) {
  std::set<void*> places;
  for (int i = 0; i < 6; ++i) {
    void* const plugin = dlopen(i % 2 == 0 ? PPROF_RELOADED_100 : PPROF_RELOADED_5000, RTLD_NOW);
    ASSERT_NE(plugin, nullptr);
    void* const function = dlsym(plugin, "reloaded_function");
    places.insert(function);
    reinterpret_cast<void (*)(void (*)())>(function)([] { first_caller(&stack_below_plugin); });
    EXPECT_TRUE(testing::stack_has(stack_below_plugin, "reloaded_function"));
    EXPECT_TRUE(testing::stack_has(stack_below_plugin, "main"));
    dlclose(plugin);
  }
  EXPECT_LT(places.size(), 6U) << "no place was used again";
}

// A child of this process that may not call process_vm_readv().
bool walks_without_copies() {
  if (!testing::refuse_syscall(SYS_process_vm_readv)) return false;
  learn_own_stack();
  Stack stack;
  first_caller(&stack);
  const bool own_is_whole = testing::stack_has(stack, "main") && stack.back() != kCutMark;
  walk_on_a_fiber(stack);
  return own_is_whole && stack.back() == kCutMark && *why_stacks_are_cut() != 0;
}

TEST(UnwindDeathTest, WhereCopiesAreForbiddenOnlyKnownStacksAreWalked) {
  if (testing::kTsan) GTEST_SKIP() << "tsan must be told of fibers";
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process without tables
  EXPECT_EXIT(_exit(walks_without_copies() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST(UnwindDeathTest, AFilterThatKillsForCopiesKillsTheProcess) {
  if (testing::kTsan) GTEST_SKIP() << "tsan must be told of fibers";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!testing::refuse_syscall(SYS_process_vm_readv, SECCOMP_RET_KILL_PROCESS)) _exit(2);
        Stack stack;
        walk_on_a_fiber(stack);
        _exit(0);
      },
      ::testing::KilledBySignal(SIGSYS), "");
}

TEST(Unwind, ADeepStackKeepsItsInnerFramesAndIsMarked) {
  Stack stack;
  recursive_caller(1000, &stack);
  ASSERT_EQ(stack.size(), kMaxStackDepth);
  EXPECT_EQ(testing::function_at(stack.front()), "first_caller");
  EXPECT_EQ(testing::function_at(stack.at(kMaxStackDepth - 2)), "recursive_caller");
  EXPECT_EQ(stack.back(), kCutMark);
}

// Handlers of fork() may allocate, and so be sampled, while the unwinder's own hold its lock.
std::atomic<std::uintptr_t> object_to_add{0};
[[gnu::constructor(101)]] void before_other_handlers() {
  pthread_atfork([] { add_object_at(object_to_add); }, nullptr, nullptr);
}

TEST(Unwind, AHandlerOfForkMayMeetANewObject) {
  void* const plugin = dlopen(PPROF_SAFETY_PLUGIN, RTLD_NOW);
  ASSERT_NE(plugin, nullptr);
  object_to_add = reinterpret_cast<std::uintptr_t>(dlsym(plugin, "plugin_throws_and_catches"));
  alarm(60);
  const pid_t child = fork();
  if (child == 0) _exit(add_object_at(object_to_add) ? 1 : 0);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  alarm(0);
  EXPECT_EQ(status, 0) << "it was added before the fork";
  object_to_add = 0;
  dlclose(plugin);
}

TEST(Unwind, StacksOfEqualShapeAreToldApart) {
  for (int i = 0; i < 3; ++i) {
    Stack first;
    Stack second;
    first_caller(&first);
    second_caller(&second);
    EXPECT_EQ(testing::function_at(first.front()), "first_caller");
    EXPECT_EQ(testing::function_at(second.front()), "second_caller");
  }
}

TEST(Unwind, StacksOfDifferentDepthAreToldApart) {
  for (int round = 0; round < 2; ++round) {
    for (int depth = 0; depth < 30; ++depth) {
      Stack stack;
      recursive_caller(depth, &stack);
      std::size_t levels = 0;
      for (const std::uintptr_t address : stack) {
        levels += testing::function_at(address) == "recursive_caller" ? 1 : 0;
      }
      EXPECT_EQ(levels, static_cast<std::size_t>(depth) + 1);
    }
  }
}

TEST(Unwind, ManyThreadsAtOnce) {
  NEEDS_COPIES();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong] {
      for (int i = 0; i < 2000; ++i) {
        Stack stack;
        if (i % 2 == 0) {
          first_caller(&stack);
        } else {
          second_caller(&stack);
        }
        const char* const expected = i % 2 == 0 ? "first_caller" : "second_caller";
        wrong += testing::function_at(stack.at(0)) == expected ? 0 : 1;
        wrong += stack.back() == kCutMark ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace pprof::internal
