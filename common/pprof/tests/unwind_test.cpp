// Stacks of the calling thread: complete, equal whether unwound or recognized, and told apart.
#include "stacks/unwind.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "stacks/stack_cache.h"

namespace pprof::internal {
namespace {

using Stack = std::vector<std::uintptr_t>;

[[gnu::noinline]] Stack stack_here() {
  prepare_unwinder();
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

TEST(Unwind, RecognizedStacksEqualUnwoundOnes) {
  for (const int depth : {0, 5, 20}) {
    std::size_t count = 2;
    asm volatile("" : "+r"(count));  // no unrolling: one call site for both
    std::vector<Stack> unwound_and_recognized(count);
    for (Stack& out : unwound_and_recognized) recursive_caller(depth, &out);
    EXPECT_EQ(unwound_and_recognized.front(), unwound_and_recognized.back());
  }
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

TEST(Unwind, ManyThreadsShareRememberedStacks) {
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

TEST(StackCache, RefusesWhatMemoryDoesNotConfirm) {
  std::array<std::uintptr_t, 2> memory{0x1000, 0x2000};
  const auto base = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::array<std::uintptr_t, 2> places{base, base + sizeof(std::uintptr_t)};
  const std::array<std::uintptr_t, 2> call_sites{0x0FFF, 0x1FFF};
  remember_stack(call_sites.data(), places.data(), 2, 0x0FFF, base);
  std::array<std::uintptr_t, 2> out{};
  EXPECT_EQ(recognize_stack(out.data(), 2, 0x0FFF, base), 2U);
  EXPECT_EQ(out, call_sites);
  memory[1] = 0x3000;
  EXPECT_EQ(recognize_stack(out.data(), 2, 0x0FFF, base), 0U);
}

}  // namespace
}  // namespace pprof::internal
