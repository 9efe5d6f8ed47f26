// Two shared objects for the symbolizer's test, which loads and closes them in turn: each has one
// function, named by PLUGIN_FUNCTION, that returns an address inside itself.
#include <cstdint>

extern "C" std::uintptr_t PLUGIN_FUNCTION() {
  asm volatile("" ::: "memory");  // a first line of its own
  return reinterpret_cast<std::uintptr_t>(&PLUGIN_FUNCTION) + 1;
}
