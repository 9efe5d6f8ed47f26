// See interrupt.h and slots.h.
#include "threads/interrupt.h"

#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>
#include <vector>

#include "threads/handler.h"
#include "threads/slots.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kCheckInterval{5};
// A thread that has begun to write its stack needs microseconds, unless it is stopped.
constexpr std::chrono::milliseconds kWritingPatience{50};

struct Request {
  pid_t tid;
  std::size_t slot;
  std::uint64_t ticket;
};

// An errno, or 0.
int send_signal(const Request& request) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = kOurUid;
  info.si_value.sival_ptr = reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr)
      slot_token(request.ticket, request.slot));
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), request.tid, capture_signal(), &info) == 0
             ? 0
             : errno;
}

void wait_for_a_post(Clock::time_point until) {
  // CLOCK_MONOTONIC is what steady_clock counts.
  const auto ns = std::chrono::nanoseconds(until.time_since_epoch()).count();
  const timespec deadline{static_cast<time_t>(ns / 1'000'000'000),
                          static_cast<long>(ns % 1'000'000'000)};
  sem_clockwait(&slot_filled, CLOCK_MONOTONIC, &deadline);  // EINTR and timeouts: callers check
}

class Round {
 public:
  explicit Round(const InterruptCallbacks& callbacks) : callbacks_(callbacks) {}

  void ask(pid_t tid, std::size_t slot, std::uint64_t ticket) {
    const Request request{tid, slot, ticket};
    slots[slot].state.store(slot_state(ticket, SlotPhase::kArmed));
    const int error = send_signal(request);
    if (error == 0) {
      open_.push_back(request);
      return;
    }
    slots[slot].state.store(slot_state(ticket, SlotPhase::kIdle));
    if (is_alive(tid)) callbacks_.silent(tid, error);
  }

  void wait(std::chrono::milliseconds patience) {
    const auto end = Clock::now() + patience;
    auto next_check = Clock::now() + kCheckInterval;
    take_answers();
    while (!open_.empty() && Clock::now() < end) {
      wait_for_a_post(std::min(end, next_check));
      take_answers();
      if (Clock::now() >= next_check) {
        std::erase_if(open_, [](const Request& r) { return !is_alive(r.tid) && withdraw(r); });
        next_check = Clock::now() + kCheckInterval;
      }
    }
    give_up();
  }

 private:
  // Voids the ticket. False if the thread is already writing.
  static bool withdraw(const Request& request) {
    std::uint64_t expected = slot_state(request.ticket, SlotPhase::kArmed);
    return slots[request.slot].state.compare_exchange_strong(
        expected, slot_state(request.ticket, SlotPhase::kIdle));
  }

  void take_answers() {
    std::erase_if(open_, [this](const Request& request) {
      const Slot& slot = slots[request.slot];
      if (slot.state.load(std::memory_order_acquire) !=
          slot_state(request.ticket, SlotPhase::kDone)) {
        return false;
      }
      callbacks_.answered(slot.raw);
      return true;
    });
  }

  void give_up() {
    std::erase_if(open_, [this](const Request& request) {
      if (!withdraw(request)) return false;
      if (is_alive(request.tid)) callbacks_.silent(request.tid, 0);
      return true;
    });
    const auto end = Clock::now() + kWritingPatience;
    while (!open_.empty() && Clock::now() < end) {
      wait_for_a_post(end);
      take_answers();
    }
    for (const Request& request : open_) {  // its slot stays unused until it has finished
      callbacks_.silent(request.tid, 0);
    }
  }

  const InterruptCallbacks& callbacks_;
  std::vector<Request> open_;
};

// Guards the slots, the tickets and the semaphore's waiting side.
std::mutex one_capture;

std::uint64_t next_ticket() {
  // Starts anywhere, so that a stray signal of another sender hardly ever matches.
  static std::uint64_t ticket = std::random_device{}();
  return ++ticket;
}

}  // namespace

void interrupt_threads(std::span<const pid_t> tids, std::chrono::milliseconds patience,
                       const InterruptCallbacks& callbacks) {
  install_handler();
  refresh_unwinder();
  const std::lock_guard lock(one_capture);
  while (!tids.empty()) {
    while (sem_trywait(&slot_filled) == 0) {  // posts of threads that were late last time
    }
    Round round(callbacks);
    for (std::size_t slot = 0; slot < kSlots && !tids.empty(); ++slot) {
      if (slot_phase(slots[slot].state.load()) != SlotPhase::kWriting) {
        round.ask(tids.front(), slot, next_ticket());
        tids = tids.subspan(1);
      }
    }
    round.wait(patience);
  }
}

}  // namespace pprof::internal
