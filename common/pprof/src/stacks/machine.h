// What differs between x86-64 and aarch64: registers, where signals save them, signed return
// addresses. Used by unwind.cpp. Async-signal-safe.
#pragma once

#include <ucontext.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "stacks/rule.h"

namespace pprof::internal {

struct Registers {
  std::uintptr_t pc = 0;
  std::array<std::uintptr_t, kReturnAddress> tracked{};  // by TrackedRegister
};

// `kSavedRegisters`: where a ucontext_t has the pc, then those of TrackedRegister.
// `kSavedContext`: where the ucontext_t lies in the code to which handlers return, from the stack
// pointer. `kReturnFromSignal`: that code.
#if defined(__x86_64__)

#define PPROF_SAVED(index) offsetof(ucontext_t, uc_mcontext) + (index) * sizeof(greg_t)
inline constexpr std::array<std::size_t, 1 + kReturnAddress> kSavedRegisters{
    PPROF_SAVED(REG_RIP), PPROF_SAVED(REG_RSP), PPROF_SAVED(REG_RBP), PPROF_SAVED(REG_RBX),
    PPROF_SAVED(REG_R10)};
inline constexpr std::size_t kSavedContext = 0;
inline constexpr std::array<unsigned char, 9> kReturnFromSignal{
    0x48, 0xC7, 0xC0, 15, 0, 0, 0, 0x0F, 0x05};  // mov $15, %rax; syscall

[[gnu::always_inline]] inline Registers own_registers() {
  Registers own;
  asm volatile(
      "leaq 0(%%rip), %%rax\n movq %%rax, %0\n movq %%rsp, %1\n movq %%rbp, %2\n movq %%rbx, %3"
      : "=m"(own.pc), "=m"(own.tracked[kSp]), "=m"(own.tracked[kFp]), "=m"(own.tracked[kExtra])
      :
      : "rax");
  return own;
}

inline std::uintptr_t without_signature(std::uintptr_t address) { return address; }

#else

#define PPROF_SAVED(member) offsetof(ucontext_t, uc_mcontext) + offsetof(mcontext_t, member)
inline constexpr std::array<std::size_t, 1 + kReturnAddress> kSavedRegisters{
    PPROF_SAVED(pc), PPROF_SAVED(sp), PPROF_SAVED(regs) + 29 * 8, PPROF_SAVED(regs) + 30 * 8,
    PPROF_SAVED(regs)};
inline constexpr std::size_t kSavedContext = sizeof(siginfo_t);
inline constexpr std::array<unsigned char, 8> kReturnFromSignal{
    0x68, 0x11, 0x80, 0xD2, 0x01, 0x00, 0x00, 0xD4};  // mov x8, #139; svc #0

[[gnu::always_inline]] inline Registers own_registers() {
  Registers own;
  asm volatile("adr x9, .\n str x9, %0\n mov x9, sp\n str x9, %1\n str x29, %2\n str x30, %3"
               : "=m"(own.pc), "=m"(own.tracked[kSp]), "=m"(own.tracked[kFp]),
                 "=m"(own.tracked[kExtra])
               :
               : "x9");
  return own;
}

// Removes the signature of pointer authentication (XPACLRI; older processors do nothing).
inline std::uintptr_t without_signature(std::uintptr_t address) {
  register std::uintptr_t link asm("x30") = address;  // NOLINT: the instruction's only operand
  asm("hint #7" : "+r"(link));
  return link;
}

#endif
#undef PPROF_SAVED

}  // namespace pprof::internal
