// Prints what the heap's sampler says of itself, in a program or plugin that CMake links in a way
// that leaves malloc to others. Allocates on a thread first, as a plugin's would.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "heap/heap.h"

extern "C" int print_sampler() {
  std::thread([] {
    std::vector<std::unique_ptr<std::string>> texts;
    for (int i = 0; i < 100'000; ++i) texts.push_back(std::make_unique<std::string>(40, 'x'));
  }).join();
  const std::string reason = pprof::internal::heap_unavailable_reason();
  std::puts(reason.empty() ? pprof::internal::heap_sampler_description().c_str() : reason.c_str());
  return 0;
}

#ifdef OWN_OPERATORS
void* operator new(std::size_t size) { return std::malloc(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { std::free(block); }
#endif

int main() { return print_sampler(); }
