// The places into which interrupted threads write their stacks. Static, because a signal can
// arrive long after its capture gave up: a late thread finds its ticket void and writes nothing.
// Armed and read by the capturing thread, filled by signal handlers.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "threads/interrupt.h"

namespace pprof::internal {

inline constexpr std::size_t kSlots = 64;

enum class SlotPhase : std::uint64_t { kIdle, kArmed, kWriting, kDone };

struct Slot {
  // A ticket number in the upper 62 bits, a SlotPhase in the lower 2.
  std::atomic<std::uint64_t> state{0};
  RawStack raw;
};

inline constexpr std::uint64_t slot_state(std::uint64_t ticket, SlotPhase phase) {
  return ticket << 2U | static_cast<std::uint64_t>(phase);
}

inline constexpr SlotPhase slot_phase(std::uint64_t state) {
  return static_cast<SlotPhase>(state & 3U);
}

// What the signal carries: the ticket and the slot it is for.
inline constexpr std::uint64_t slot_token(std::uint64_t ticket, std::size_t slot) {
  return ticket * kSlots + slot;
}

inline constinit std::array<Slot, kSlots> slots{};

// The si_uid of our signals, by which the handler knows them: no user has it, so that nothing that
// the program sends with sigqueue() is taken for one. (qemu does not keep si_errno.)
inline constexpr auto kOurUid = static_cast<uid_t>(-1);

// Inside a handler: fills the slot that `token` is for, if it still waits. Whether it did.
bool fill_slot(std::uint64_t token, const void* ucontext) noexcept;

}  // namespace pprof::internal
