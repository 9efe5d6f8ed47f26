// Stacks of the calling thread: complete, told apart, and cut with a mark.
#include "stacks/unwind.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "stacks/objects.h"

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

TEST(Unwind, EndsWithTheOutermostFunctionOfTheThread) {
  Stack stack;
  first_caller(&stack);
  EXPECT_NE(stack.back(), kCutMark);
  std::thread([&stack] { first_caller(&stack); }).join();
  EXPECT_EQ(testing::function_at(stack.front()), "first_caller");
  EXPECT_NE(stack.back(), kCutMark);
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
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace pprof::internal
