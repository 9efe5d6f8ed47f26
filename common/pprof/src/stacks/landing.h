// Frames beyond which a stack cannot be unwound: those of the exception unwinder. To land in a
// handler it first copies the handler's registers and return address over its own saved ones
// (uw_install_context_1() in gcc's libgcc/unwind-dw2.c). Whoever unwinds through its frame then
// reads at random addresses and crashes. A stack that was interrupted there ends there, without the
// function that threw. Used by unwind.cpp. Thread-safety: find_landing_code() first, then any
// thread, in signal handlers, too.
#pragma once

#include <cstdint>

namespace pprof::internal {

// Looks the functions up in `library` (a dlopen() handle) and among the functions of the program.
// Not for signal handlers.
void find_landing_code(void* library);

// Whether `address` is in one of them. Async-signal-safe.
bool is_landing_code(std::uintptr_t address) noexcept;

}  // namespace pprof::internal
