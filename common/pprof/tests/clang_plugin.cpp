// A shared object that clang builds, whatever compiles the rest: its DWARF 5 gives the number 0 to
// this file, gcc's 1. The symbolizer's test asks for the caller of a function that was inlined
// here.
#include <cstdint>

namespace {

[[gnu::noinline]] std::uintptr_t caller_address() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) - 1;
}

[[gnu::always_inline]] inline std::uintptr_t inlined_caller() { return caller_address(); }

}  // namespace

extern "C" std::uintptr_t clang_plugin() {
  const std::uintptr_t address = inlined_caller();
  asm volatile("" ::: "memory");  // keeps the call from becoming a jump
  return address;
}
