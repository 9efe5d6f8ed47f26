// Built in many ways for the symbolizer's test, which asks for the caller of a function that was
// inlined here. With clang, whatever compiles the rest: its DWARF 5 gives the number 0 to this
// file, gcc's 1. By a relative path. With its debug information in another file.
#include <cstdint>

namespace {

[[gnu::noinline]] std::uintptr_t caller_address() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) - 1;
}

[[gnu::always_inline]] inline std::uintptr_t inlined_caller() { return caller_address(); }

}  // namespace

extern "C" std::uintptr_t inlining_plugin() {
  const std::uintptr_t address = inlined_caller();
  asm volatile("" ::: "memory");  // keeps the call from becoming a jump
  return address;
}
