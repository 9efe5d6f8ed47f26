// A handler of fork() that asks at the time when an allocator does: when its library is loaded,
// which is before the program's own constructors and after those of libstdc++. See
// heap_front_test.cpp.
#include <pthread.h>

#include <new>

void (*handler_before_the_allocators)() = nullptr;

namespace {

[[gnu::constructor]] void ask() {
  static_cast<void>(std::get_new_handler());  // needs libstdc++
  pthread_atfork(
      [] {
        if (handler_before_the_allocators != nullptr) handler_before_the_allocators();
      },
      nullptr, nullptr);
}

}  // namespace
