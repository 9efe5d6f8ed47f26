// The signal handler of interrupt.h. Everything here but install_handler() is async-signal-safe:
// no memory is allocated and no lock is taken.
#include "threads/handler.h"

#include <semaphore.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>

#include "threads/inside_handler.h"
#include "threads/names.h"
#include "threads/slots.h"
#include "threads/tasks.h"

#ifndef PPROF_SIGNAL
#define PPROF_SIGNAL SIGURG
#endif

namespace pprof::internal {
namespace {

struct sigaction previous_action;

void pass_on(int number, siginfo_t* info, void* ucontext) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(number, info, ucontext);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(number);
  }
}

void on_signal(int number, siginfo_t* info, void* ucontext) {
  const int saved_errno = errno;
  if (info->si_code != SI_QUEUE || info->si_pid != getpid() || info->si_uid != kOurUid) {
    pass_on(number, info, ucontext);
  } else {
    const InsideHandler mark;
    if (fill_slot(reinterpret_cast<std::uintptr_t>(info->si_value.sival_ptr), ucontext)) {
      sem_post(&slot_filled);
    }
  }
  errno = saved_errno;
}

// None that reports a fault (the faulty instruction would run again forever), that ends or stops
// the process, that others wait for (SIGCHLD), or that glibc keeps to itself (below SIGRTMIN).
bool is_usable(long number) {
  return number == SIGUSR1 || number == SIGUSR2 || number == SIGURG || number == SIGWINCH ||
         (number >= SIGRTMIN && number <= SIGRTMAX);
}

int chosen_signal() {
  const char* const text = std::getenv("PPROF_SIGNAL");  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr) return PPROF_SIGNAL;
  char* end = nullptr;
  const long number = std::strtol(text, &end, 10);
  if (*end != '\0' || !is_usable(number)) {
    std::fprintf(stderr,
                 "pprof: PPROF_SIGNAL=\"%s\" is not the number of a signal that can be used: give "
                 "%d, %d, %d, %d, or %d to %d. It stays at %d\n",
                 text, SIGUSR1, SIGUSR2, SIGURG, SIGWINCH, SIGRTMIN, SIGRTMAX, PPROF_SIGNAL);
    return PPROF_SIGNAL;
  }
  return static_cast<int>(number);
}

void install() {
  sem_init(&slot_filled, 0, 0);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  action.sa_mask = blocked_in_handlers();
  if (sigaction(capture_signal(), &action, &previous_action) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "pprof: cannot handle signal " + std::to_string(capture_signal()) +
                                "; choose another with PPROF_SIGNAL");
  }
}

}  // namespace

sem_t slot_filled;

int capture_signal() {
  static const int number = chosen_signal();
  return number;
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, install);
}

bool fill_slot(std::uint64_t token, const void* ucontext) noexcept {
  Slot& slot = slots[token % kSlots];
  const std::uint64_t ticket = token / kSlots;
  std::uint64_t expected = slot_state(ticket, SlotPhase::kArmed);
  if (!slot.state.compare_exchange_strong(expected, slot_state(ticket, SlotPhase::kWriting))) {
    return false;
  }
  const auto start = std::chrono::steady_clock::now();
  slot.raw.tid = current_tid();
  slot.raw.name = current_thread_name();
  prctl(PR_GET_NAME, slot.raw.kernel_name.data());
  copy_current_labels(slot.raw.labels);
  slot.raw.depth =
      capture_interrupted_stack(slot.raw.stack.data(), slot.raw.stack.size(), ucontext);
  slot.raw.handler_time = std::chrono::steady_clock::now() - start;
  slot.state.store(slot_state(ticket, SlotPhase::kDone), std::memory_order_release);
  return true;
}

}  // namespace pprof::internal
