// Remembers stacks that were unwound, and recognizes them again without unwinding. Used by
// capture_own_stack(): unwinding by tables costs 250 ns a frame, recognizing one 1 ns.
// Thread-safety: any thread, without locks; a stack found by one thread serves all.
//
// A stack is remembered as its return addresses and where they lay, relative to the newest frame.
// It is the same stack again if the same addresses lie in the same places: each address determines
// the size of its frame and thus the place of the next. (Frames with alloca() or with a realigned
// stack pointer could deceive only if a stale copy of the right address lay in the right place.)
// Needs return addresses in memory just below the frame's CFA, as on x86-64; on machines without,
// nothing is remembered.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprof::internal {

// Fills `out` with the call sites of the stack remembered for this leaf and place, if it is there
// again. `base` is an address in a frame newer than the leaf's caller. 0: not recognized.
std::size_t recognize_stack(std::uintptr_t* out, std::size_t capacity, std::uintptr_t leaf,
                            std::uintptr_t base) noexcept;

// Remembers call sites and the addresses of the memory that holds their return addresses.
void remember_stack(const std::uintptr_t* call_sites, const std::uintptr_t* places,
                    std::size_t depth, std::uintptr_t leaf, std::uintptr_t base) noexcept;

}  // namespace pprof::internal
