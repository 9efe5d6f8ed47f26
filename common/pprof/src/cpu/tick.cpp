// See tick.h.
#include "cpu/tick.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <thread>

#include "cpu/sample_ring.h"
#include "stacks/unwind.h"
#include "threads/inside_handler.h"
#include "threads/labels.h"
#include "threads/names.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using std::chrono::nanoseconds;

// What a thread has been charged in the current capture. Read and written in its signal handler.
struct Account {
  std::uint64_t capture = 0;
  nanoseconds charged{0};  // on the thread's CPU clock
};
constinit thread_local Account account;
std::atomic<std::uint64_t> current_capture{0};
std::atomic<nanoseconds> current_period{nanoseconds(1)};  // of that capture

// gperftools does not tell the filter what was interrupted: its handler is called by ours.
struct sigaction gperftools_action;
constinit thread_local const void* interrupted_context = nullptr;

// Sequentially consistent: either the handler sees that ticks are unwanted, or NoTicks sees it.
constinit std::atomic<bool> is_unwanted{false};
constinit std::atomic<int> under_way{0};

void on_tick(int number, siginfo_t* info, void* context) {
  ++under_way;
  if (!is_unwanted) {
    interrupted_context = context;
    gperftools_action.sa_sigaction(number, info, context);
    interrupted_context = nullptr;
  }
  --under_way;
}

nanoseconds thread_cpu_time() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// How many periods the sample stands for. The kernel looks at CPU timers at its own ticks; when it
// comes late, on a busy virtual machine for instance, ticks merge into one signal. Without this the
// profile would lose them (8 % were seen).
std::int64_t charge_periods(std::uint64_t capture) noexcept {
  const nanoseconds now = thread_cpu_time();
  if (account.capture != capture) {
    account = {capture, now};
    return 1;
  }
  const nanoseconds period = current_period;
  const nanoseconds due = now - account.charged + period / 2;
  const std::int64_t periods = std::max<std::int64_t>(1, due / period);
  account.charged += periods * period;
  return periods;
}

}  // namespace

bool is_tick_handler_ours() {
  struct sigaction action {};
  sigaction(SIGPROF, nullptr, &action);
  return action.sa_sigaction == &on_tick;
}

void install_tick_handler() {
  if (is_tick_handler_ours()) return;
  static const int once = pthread_atfork(nullptr, nullptr, [] { under_way = 0; });
  static_cast<void>(once);
  sigaction(SIGPROF, nullptr, &gperftools_action);
  struct sigaction action = gperftools_action;
  action.sa_sigaction = &on_tick;
  action.sa_flags |= SA_ONSTACK;
  action.sa_mask = blocked_in_handlers();
  sigaction(SIGPROF, &action, nullptr);
}

NoTicks::NoTicks() noexcept {
  is_unwanted = true;
  while (under_way != 0) std::this_thread::yield();
}

NoTicks::~NoTicks() { is_unwanted = false; }

void begin_cpu_capture(nanoseconds period) {
  current_period = period;
  ++current_capture;
}

void expect_first_tick(nanoseconds due) {
  // charge_periods() rounds to the nearest period: half a period more makes it round down.
  account = {current_capture, thread_cpu_time() + due - current_period.load() / 2};
}

int record_tick(void* argument) {
  const InsideHandler mark;
  // Pairs with begin_cpu_capture(): the ring is complete.
  const std::uint64_t capture = current_capture.load(std::memory_order_acquire);
  auto& ring = *static_cast<SampleRing*>(argument);
  CpuSample* sample = interrupted_context != nullptr ? ring.begin_push() : nullptr;
  if (sample == nullptr) return 0;
  sample->depth =
      capture_interrupted_stack(sample->stack.data(), sample->stack.size(), interrupted_context);
  sample->periods = charge_periods(capture);
  sample->tid = current_tid();
  sample->thread_name = current_thread_name();
  copy_current_labels(sample->labels);
  ring.commit();
  return 0;
}

}  // namespace pprof::internal
