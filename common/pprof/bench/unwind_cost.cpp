// Measures what a stack costs, ours against libgcc's, both in the same signal handler and in turn:
// the walk from the interrupted instruction, with a deeper and deeper stack. And, for comparison,
// what it would cost to copy the stack and walk later.
// Usage: pprof_unwind_cost [ROUNDS], default 300. Not thread-safe.
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "stacks/stack_memory.h"
#include "stacks/unwind.h"

namespace {

using Stack = std::array<std::uintptr_t, pprof::internal::kMaxStackDepth>;
using Clock = std::chrono::steady_clock;

constexpr int kRepeats = 20;  // in one signal

struct Walker {
  const char* name;
  std::size_t (*walk)(Stack& out, const void* context);
  std::vector<double> nanoseconds;
  std::size_t depth = 0;
};

std::size_t walk_ours(Stack& out, const void* context) {
  return pprof::internal::capture_interrupted_stack(out.data(), out.size(), context);
}

std::size_t walk_libgcc(Stack& out, const void* /*context*/) {
  struct Visit {
    Stack& out;
    std::size_t depth;
    bool is_behind_signal;
  } visit{out, 0, false};
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* argument) {
        auto& to = *static_cast<Visit*>(argument);
        int is_exact = 0;
        const auto pc = static_cast<std::uintptr_t>(_Unwind_GetIPInfo(context, &is_exact));
        to.is_behind_signal = to.is_behind_signal || is_exact != 0;
        if (pc == 0 || to.depth == to.out.size()) return _URC_END_OF_STACK;
        if (to.is_behind_signal) to.out[to.depth++] = is_exact != 0 ? pc : pc - 1;
        return _URC_NO_REASON;
      },
      &visit);
  return visit.depth;
}

std::size_t copy_16_kib(Stack& out, const void* /*context*/) {
  static std::array<char, 16 * 1024> copy;
  const iovec local{copy.data(), copy.size()};
  const iovec remote{out.data(), copy.size()};
  return static_cast<std::size_t>(
      syscall(SYS_process_vm_readv, getpid(), &local, 1UL, &remote, 1UL, 0UL) > 0);
}

std::array<Walker, 3> walkers{
    {{"libgcc", walk_libgcc, {}}, {"ours", walk_ours, {}}, {"a copy of 16 KiB", copy_16_kib, {}}}};

void on_signal(int, siginfo_t*, void* context) {
  Stack stack;
  for (Walker& walker : walkers) {
    const auto start = Clock::now();
    for (int i = 0; i < kRepeats; ++i) walker.depth = walker.walk(stack, context);
    const std::chrono::duration<double, std::nano> elapsed = Clock::now() - start;
    walker.nanoseconds.push_back(elapsed.count() / kRepeats);
  }
}

[[gnu::noinline]] void raise_below(int frames, int rounds) {  // NOLINT(misc-no-recursion)
  if (frames > 0) {
    raise_below(frames - 1, rounds);
  } else {
    for (int i = 0; i < rounds; ++i) std::raise(SIGUSR1);
  }
  asm volatile("" ::: "memory");  // a frame of its own
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void measure(const char* where, int rounds) {
  for (const int frames : {5, 20, 60}) {
    for (Walker& walker : walkers) walker.nanoseconds.clear();
    raise_below(frames, rounds);
    std::printf("%s, %zu frames:", where, walkers[0].depth);
    for (const Walker& walker : walkers) {
      std::printf("  %s %.0f ns", walker.name, median(walker.nanoseconds));
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::max(1, std::atoi(argv[1])) : 300;
  const auto start = Clock::now();
  pprof::internal::prepare_unwinder();
  const std::chrono::duration<double, std::milli> first = Clock::now() - start;
  std::printf("tables of all objects: %.1f ms\n", first.count());
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  std::thread([rounds] { measure("bounds of the stack not known", rounds); }).join();
  pprof::internal::learn_own_stack();
  measure("bounds known", rounds);
  return 0;
}
