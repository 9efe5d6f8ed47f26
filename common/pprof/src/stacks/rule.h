// How to step from a frame to its caller's at one place in the code, and the registers that takes:
// what the tables say (unwind_table.h), what cfi.cpp reads and unwind.cpp follows. Plain data.
#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace pprof::internal {

// The registers that are followed from frame to frame; others are needed by no code we know of.
// kExtra: x86-64 rbx, from which the loader's lazy binding counts; aarch64 the link register.
// kScratch: x86-64 r10, from which functions that realign their stack count while they begin.
enum TrackedRegister : std::uint8_t { kSp, kFp, kExtra, kScratch, kReturnAddress, kUntracked };

#if defined(__x86_64__)
inline constexpr bool kHasLinkRegister = false;
constexpr TrackedRegister tracked(std::uint64_t dwarf_number) {
  constexpr std::array<TrackedRegister, 17> kNumbers{
      kUntracked, kUntracked, kUntracked, kExtra,     kUntracked,    kUntracked,
      kFp,        kSp,        kUntracked, kUntracked, kScratch,      kUntracked,
      kUntracked, kUntracked, kUntracked, kUntracked, kReturnAddress};
  return dwarf_number < kNumbers.size() ? kNumbers.at(dwarf_number) : kUntracked;
}
#elif defined(__aarch64__)
inline constexpr bool kHasLinkRegister = true;
constexpr TrackedRegister tracked(std::uint64_t dwarf_number) {
  return dwarf_number == 31   ? kSp
         : dwarf_number == 29 ? kFp
         : dwarf_number == 30 ? kReturnAddress
                              : kUntracked;
}
#else
#error "stacks can be unwound on x86-64 and aarch64 only"
#endif

// Where the caller's value of a register is.
enum class Where : std::uint8_t { kUnchanged, kAtCfa, kAtFp, kUndefined, kLost };

struct Place {
  Where where = Where::kUnchanged;
  std::int32_t offset = 0;  // from the CFA or from the frame pointer
  bool operator==(const Place&) const = default;
};

// The CFA is the caller's stack pointer, from which a frame's places are counted.
enum class CfaKind : std::uint8_t {
  kNone,      // nothing is known of this code
  kEnd,       // the outermost function
  kSignal,    // the code to which signal handlers return
  kRegister,  // cfa_register + cfa_offset
  kMemory,    // the word at cfa_register + cfa_offset
  kPlt,       // a stub of the PLT, which pushes a word at byte `cfa_offset` of its 16
};

struct Rule {
  CfaKind cfa = CfaKind::kNone;
  TrackedRegister cfa_register = kSp;
  std::int32_t cfa_offset = 0;
  Place fp = {};
  Place extra = {};
  Place return_address = {};
  bool operator==(const Rule&) const = default;
};

}  // namespace pprof::internal
