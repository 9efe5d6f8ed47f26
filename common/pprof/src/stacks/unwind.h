// Walks the stack of the calling thread. Called by every capture, in signal handlers too.
// Thread-safety: any thread at any time, whatever code was interrupted.
//
// The walk follows tables that were prepared outside handlers (objects.h) from the modules' own
// unwind information. It takes no lock, allocates nothing, and reads nothing but those tables and
// one stack, which may be a fiber's or on its way to be unmapped (stack_memory.h). Code without
// tables, such as a JIT's, is crossed by frame pointers if they lead on to code with tables. Where
// a walk ends before the outermost function, the last entry is kCutMark.
//
// It walks at once rather than copy the stack for later: 28 frames take less time than a copy of
// 16 KiB, which each sample would have to keep (bench/unwind_cost.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "stacks/machine.h"

namespace pprof::internal {

inline constexpr std::size_t kMaxStackDepth = 128;

// Stands for the frames that are missing at the outer end of a stack. The symbolizer names it.
inline constexpr std::uintptr_t kCutMark = 1;

// Makes the tables of all loaded objects. To be called when a capture starts: milliseconds at
// first, microseconds when nothing has changed. Allocates; not for signal handlers.
void prepare_unwinder();

// Makes tables for objects that were loaded meanwhile and met by a handler. To be called during a
// capture. Not for signal handlers.
void refresh_unwinder() noexcept;

// Why stacks are cut in this process, for a profile's comments; empty if they are not.
const char* why_stacks_are_cut() noexcept;

// Writes the call-site addresses (return address - 1) of the calling thread, leaf first. The leaf
// is the call that returns to `return_address`; frames above it are dropped. A function leaves
// itself out by passing __builtin_return_address(0), which optimization of the calls between
// cannot change. `here`: where the walk begins, in a function that has not returned; the caller's
// own place, unless it hands on that of its caller to save a frame. Returns how many; at least 2
// fit. Makes missing tables itself, with mmap() only. Not in signal handlers.
std::size_t capture_own_stack(std::uintptr_t* out, std::size_t capacity, const void* return_address,
                              const Registers& here = own_registers()) noexcept;

// Inside a signal handler: the stack that the signal interrupted. The leaf is the interrupted
// instruction itself. `ucontext` is what a handler with SA_SIGINFO gets. Async-signal-safe.
std::size_t capture_interrupted_stack(std::uintptr_t* out, std::size_t capacity,
                                      const void* ucontext) noexcept;

}  // namespace pprof::internal
