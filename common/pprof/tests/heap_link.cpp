// Prints what the heap's sampler says of itself, in a program or plugin that CMake links in a way
// that leaves malloc to others. Allocates on a thread first, as a plugin's would.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "heap/heap.h"

#ifdef OWN_OPERATORS
// A program's own, which put a mark before each block. The forms that it does not define use these.
constexpr std::size_t kMark = 16;
void* operator new(std::size_t size) {
  auto* const memory = static_cast<char*>(std::malloc(size + kMark));
  memory[0] = 'm';
  return memory + kMark;
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  char* const memory = static_cast<char*>(block) - kMark;
  if (memory[0] != 'm') std::puts("a block without a mark");
  std::free(memory);
}
#endif

extern "C" int print_sampler() {
  std::thread([] {
    std::vector<std::unique_ptr<std::string>> texts;
    for (int i = 0; i < 100'000; ++i) {
      texts.push_back(std::make_unique<std::string>(40, 'x'));
      delete new (std::nothrow) int(i);
      const std::unique_ptr<int[]> array(new int[10]);
    }
  }).join();
  const std::string reason = pprof::internal::heap_unavailable_reason();
  std::puts(reason.empty() ? pprof::internal::heap_sampler_description().c_str() : reason.c_str());
  return 0;
}

int main() { return print_sampler(); }
