// Unwinds the stack of the calling thread. Called by every capture, in signal handlers too.
// Thread-safety: prepare_unwinder() from normal code first; then any thread at any time.
//
// libgcc's unwinder is used, by name from libgcc_s: since gcc 12 and glibc 2.35 it finds unwind
// tables through _dl_find_object(), without a lock and without memory. libunwind (1.6) takes its
// own lock around dl_iterate_phdr(), which takes the loader's: in a handler that interrupts
// dlopen() the two can deadlock. libunwind also exports _Unwind_* symbols that would shadow
// libgcc's, hence the look-up by name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprof::internal {

inline constexpr std::size_t kMaxStackDepth = 128;

// Looks the unwinder up and warms it. Idempotent; allocates; not for signal handlers.
void prepare_unwinder();

// Writes the call-site addresses (return address - 1) of the calling thread, leaf first. The leaf
// is the call that returns to `return_address`; frames above it are dropped. A function leaves
// itself out by passing __builtin_return_address(0), which optimization of the calls between
// cannot change. Returns how many. Async-signal-safe.
std::size_t capture_own_stack(std::uintptr_t* out, std::size_t capacity,
                              const void* return_address) noexcept;

// Inside a signal handler with SA_SIGINFO: the stack that the signal interrupted. The leaf is the
// interrupted instruction itself. Async-signal-safe.
std::size_t capture_interrupted_stack(std::uintptr_t* out, std::size_t capacity,
                                      const void* ucontext) noexcept;

}  // namespace pprof::internal
