// Opened with RTLD_DEEPBIND: its malloc and free are not the program's. See heap_front_test.cpp.
#include <cstdlib>

extern "C" void* allocate_in_plugin(std::size_t size) { return std::malloc(size); }
extern "C" void free_in_plugin(void* block) { std::free(block); }
