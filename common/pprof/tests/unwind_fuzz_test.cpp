// Interrupts code that no unwinder can like, 1000 times a second on each of four threads: stack and
// frame pointers that lead anywhere, unwind information that is wrong or missing, code made at run
// time, fibers, stacks that lose pages meanwhile, objects that come and go. Two threads run
// handlers on alternate stacks of 4 KiB beyond the kernel's own need. No walk may fault, hang or
// write nonsense. PPROF_FUZZ_SECONDS (default 3) says for how long, PPROF_FUZZ_SEED with which
// choices.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "stacks/stack_memory.h"
#include "stacks/unwind.h"
#include "thread_timer.h"

namespace pprof::internal {
namespace {

using Random = std::mt19937_64;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 64;

std::atomic<bool> stop{false};
std::atomic<long> walks{0};
std::atomic<long> cut_walks{0};
std::atomic<long> wrong_walks{0};

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

std::uintptr_t interrupted_pc(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#else
  return machine.pc;
#endif
}

void on_signal(int /*number*/, siginfo_t* /*info*/, void* context) {
  static constinit thread_local std::array<std::uintptr_t, kMaxStackDepth> stack{};
  const std::size_t depth = capture_interrupted_stack(stack.data(), stack.size(), context);
  ++walks;
  if (depth == 0 || depth > stack.size() || stack[0] != interrupted_pc(context)) {
    ++wrong_walks;
    return;
  }
  if (stack[depth - 1] == kCutMark) ++cut_walks;
  for (std::size_t i = 0; i + 1 < depth; ++i) wrong_walks += stack[i] == kCutMark ? 1 : 0;
}

// Spins with these stack and frame pointers, under what `CFI` says of them.
#if defined(__x86_64__)
#define SPIN(name, CFI)                                                                      \
  [[gnu::noinline]] void name(std::uintptr_t sp, std::uintptr_t fp, std::uintptr_t rounds) { \
    asm volatile("movq %%rsp, %%r12\n movq %%rbp, %%r13\n .cfi_remember_state\n" CFI         \
                 "\n movq %%rax, %%rsp\n movq %%rdx, %%rbp\n 1: decq %%rcx\n jnz 1b\n"       \
                 "movq %%r12, %%rsp\n movq %%r13, %%rbp\n .cfi_restore_state"                \
                 : "+c"(rounds)                                                              \
                 : "a"(sp), "d"(fp)                                                          \
                 : "r12", "r13", "memory", "cc");                                            \
  }
SPIN(spin_with_the_functions_rules, "")
SPIN(spin_with_cfa_in_sp, ".cfi_def_cfa %%rsp, 8")
SPIN(spin_with_cfa_below_sp, ".cfi_def_cfa %%rsp, -64")
SPIN(spin_with_cfa_in_fp, ".cfi_def_cfa %%rbp, 16")
SPIN(spin_in_an_outermost_function, ".cfi_undefined %%rip")
SPIN(spin_with_cfa_in_memory, ".cfi_escape 0x0F, 3, 0x77, 8, 6")
SPIN(spin_with_return_address_by_fp, ".cfi_escape 0x10, 16, 2, 0x76, 8")
SPIN(spin_with_a_far_return_address, ".cfi_offset %%rip, 0x7FFFFFF8")
SPIN(spin_with_cfa_in_another_register, ".cfi_def_cfa %%r12, 0")
constexpr std::array kSpins{spin_with_the_functions_rules,    spin_with_cfa_in_sp,
                            spin_with_cfa_below_sp,           spin_with_cfa_in_fp,
                            spin_in_an_outermost_function,    spin_with_cfa_in_memory,
                            spin_with_return_address_by_fp,   spin_with_a_far_return_address,
                            spin_with_cfa_in_another_register};
// Two functions that call their argument: one with a frame pointer, one without.
constexpr std::array<unsigned char, 32> kCode{0x55, 0x48, 0x89, 0xE5, 0xFF, 0xD7, 0x5D, 0xC3, 0,
                                              0,    0,    0,    0,    0,    0,    0,    0x48, 0x83,
                                              0xEC, 8,    0xFF, 0xD7, 0x48, 0x83, 0xC4, 8,    0xC3};
constexpr std::size_t kSecond = 16;
#else
#define SPIN(name, CFI)                                                                      \
  [[gnu::noinline]] void name(std::uintptr_t sp, std::uintptr_t fp, std::uintptr_t rounds) { \
    asm volatile("mov x19, sp\n mov x20, x29\n .cfi_remember_state\n" CFI                    \
                 "\n mov sp, %1\n mov x29, %2\n 1: subs %0, %0, #1\n b.ne 1b\n"              \
                 "mov sp, x19\n mov x29, x20\n .cfi_restore_state"                           \
                 : "+r"(rounds)                                                              \
                 : "r"(sp), "r"(fp)                                                          \
                 : "x19", "x20", "memory", "cc");                                            \
  }
SPIN(spin_with_the_functions_rules, "")
SPIN(spin_with_cfa_in_sp, ".cfi_def_cfa sp, 16")
SPIN(spin_with_cfa_below_sp, ".cfi_def_cfa sp, -64")
SPIN(spin_with_cfa_in_fp, ".cfi_def_cfa x29, 16")
SPIN(spin_in_an_outermost_function, ".cfi_undefined x30")
SPIN(spin_with_a_far_return_address, ".cfi_offset x30, 0x7FFFFFF8")
constexpr std::array kSpins{spin_with_the_functions_rules, spin_with_cfa_in_sp,
                            spin_with_cfa_below_sp,        spin_with_cfa_in_fp,
                            spin_in_an_outermost_function, spin_with_a_far_return_address};
constexpr std::array<unsigned char, 36> kCode{0xFD, 0x7B, 0xBF, 0xA9, 0xFD, 0x03, 0x00, 0x91, 0x00,
                                              0x00, 0x3F, 0xD6, 0xFD, 0x7B, 0xC1, 0xA8, 0xC0, 0x03,
                                              0x5F, 0xD6, 0xFE, 0x0F, 0x1F, 0xF8, 0x00, 0x00, 0x3F,
                                              0xD6, 0xFE, 0x07, 0x41, 0xF8, 0xC0, 0x03, 0x5F, 0xD6};
constexpr std::size_t kSecond = 20;
#endif

void* map(std::size_t bytes, int protection) {
  void* const memory = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return memory;
}

[[gnu::noinline]] void spin_a_little() {
  for (int i = 0; i < 2000; ++i) asm volatile("");
}

[[gnu::noinline]] void recurse(int depth) {  // NOLINT(misc-no-recursion)
  depth > 0 ? recurse(depth - 1) : spin_a_little();
  asm volatile("");
}

// Pages that appear, disappear and change, full of numbers that look like parts of a stack.
class UnstablePages {
 public:
  UnstablePages() : begin_(address_of(map(kPages * kPage, PROT_NONE))) {}

  std::uintptr_t begin() const { return begin_; }

  void change(Random& random) const {
    const std::size_t first = random() % kPages;
    const std::size_t count = 1 + random() % (kPages - first);
    void* const at = reinterpret_cast<void*>(begin_ + first * kPage);
    const bool goes = random() % 2 == 0;
    mmap(at, count * kPage, goes ? PROT_NONE : PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (goes) return;
    auto* const words = static_cast<std::uintptr_t*>(at);
    for (std::size_t i = 0; i < count * kPage / sizeof(*words); ++i) words[i] = word(random);
  }

 private:
  std::uintptr_t word(Random& random) const {
    constexpr std::array kFunctions{&spin_a_little};
    switch (random() % 4) {
      case 0:
        return begin_ + random() % (kPages * kPage) / 8 * 8;
      case 1:
        return reinterpret_cast<std::uintptr_t>(kFunctions[0]) + random() % 4096;
      case 2:
        return reinterpret_cast<std::uintptr_t>(&std::abort) + random() % 65'536;
      default:
        return random();
    }
  }

  std::uintptr_t begin_;
};

const UnstablePages& pages() {
  static const UnstablePages instance;
  return instance;
}

std::uintptr_t any_pointer(Random& random) {
  const std::uintptr_t here = address_of(__builtin_frame_address(0));
  switch (random() % 8) {
    case 0:
      return random();
    case 1:
      return random() % 100'000;
    case 2:
      return here - random() % 100'000;
    case 3:
      return here + random() % 20'000 / 8 * 8;
    case 4:
      return pages().begin() + random() % (kPages * kPage);
    case 5:
      return pages().begin() + (1 + random() % kPages) * kPage - 8;
    default:
      return pages().begin() + random() % (kPages * kPage) / 16 * 16;
  }
}

void run_on_a_fiber(Random& random) {
  static constinit thread_local ucontext_t outside{};
  static constinit thread_local ucontext_t fiber{};
  const std::size_t bytes = (8 + random() % 32) * kPage;
  void* const stack = map(bytes, PROT_READ | PROT_WRITE);
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = stack;
  fiber.uc_stack.ss_size = bytes;
  fiber.uc_link = &outside;
  makecontext(&fiber, reinterpret_cast<void (*)()>(&recurse), 1, static_cast<int>(random() % 50));
  swapcontext(&outside, &fiber);
  munmap(stack, bytes);
}

void run_made_code(Random& random) {
  void* const code = map(kPage, PROT_READ | PROT_WRITE);
  std::memcpy(code, kCode.data(), kCode.size());
  mprotect(code, kPage, PROT_READ | PROT_EXEC);
  __builtin___clear_cache(static_cast<char*>(code), static_cast<char*>(code) + kCode.size());
  const std::uintptr_t function = address_of(code) + (random() % 2) * kSecond;
  reinterpret_cast<void (*)(void (*)())>(function)(&spin_a_little);
  munmap(code, kPage);
}

// A stack for the thread's handlers that is hardly larger than the kernel's need, behind a page
// that must not be touched.
class AlternateStack {
 public:
  AlternateStack() {
    auto* const memory = static_cast<char*>(map(kGuarded, PROT_READ | PROT_WRITE));
    mprotect(memory, kPage, PROT_NONE);
    const std::size_t need = getauxval(AT_MINSIGSTKSZ) + 4096;
    const stack_t stack{memory + kGuarded - need, 0, need};
    if (sigaltstack(&stack, nullptr) != 0) std::abort();
  }
  ~AlternateStack() {
    const stack_t none{nullptr, SS_DISABLE, 0};
    sigaltstack(&none, nullptr);
  }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  static constexpr std::size_t kGuarded = 16 * kPage;
};

// Without an alternate stack the thread's own stack pointer must stay one, and the walker knows the
// stack's bounds.
void misbehave(unsigned seed, bool has_alternate_stack) {
  std::optional<AlternateStack> alternate;
  if (has_alternate_stack) {
    alternate.emplace();
  } else {
    learn_own_stack();
  }
  const testing::ThreadTimer timer(CLOCK_MONOTONIC, SIGUSR1, std::chrono::milliseconds(1));
  Random random(seed);
  while (!stop) {
    const std::size_t choice = random() % (kSpins.size() + 3);
    if (choice < kSpins.size()) {
      const std::uintptr_t below = address_of(__builtin_frame_address(0)) - 4 * kPage;
      const std::uintptr_t sp = has_alternate_stack ? any_pointer(random) : below;
      kSpins.at(choice)(sp, any_pointer(random), 1 + random() % 100'000);
    } else if (choice == kSpins.size()) {
      run_on_a_fiber(random);
    } else if (choice == kSpins.size() + 1) {
      run_made_code(random);
    } else {
      recurse(static_cast<int>(random() % 200));
    }
  }
}

int number_from(const char* variable, int otherwise) {
  const char* const text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  return text != nullptr ? std::atoi(text) : otherwise;
}

TEST(UnwindFuzz, NoWalkFaultsWhateverItInterrupts) {
  const auto seed = static_cast<unsigned>(
      number_from("PPROF_FUZZ_SEED", static_cast<int>(std::random_device{}() % 1'000'000)));
  std::printf("PPROF_FUZZ_SEED=%u\n", seed);
  prepare_unwinder();
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  pages();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(misbehave, seed + i, i % 2 == 0);
  threads.emplace_back([seed] {
    Random random(seed + 100);
    while (!stop) pages().change(random);
  });
  threads.emplace_back([] {
    while (!stop) {
      void* const plugin = dlopen(PPROF_SAFETY_PLUGIN, RTLD_NOW);
      refresh_unwinder();
      if (plugin != nullptr) dlclose(plugin);
      refresh_unwinder();
    }
  });
  std::this_thread::sleep_for(std::chrono::seconds(number_from("PPROF_FUZZ_SECONDS", 3)));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  std::printf("%ld walks, %ld cut\n", walks.load(), cut_walks.load());
  EXPECT_EQ(wrong_walks, 0);
  EXPECT_GT(cut_walks, 0);
  EXPECT_GT(walks, cut_walks) << "some are complete";
}

}  // namespace
}  // namespace pprof::internal
