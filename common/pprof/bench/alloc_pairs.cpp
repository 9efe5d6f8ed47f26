// Prints what a pair of new and delete takes, in ns of processor time, for each size that its
// driver names: one figure a line. Built twice, without and with pprof::heap; run by
// alloc_cost.cpp.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

constexpr int kPairs = 1'000'000;

double processor_ns() {  // other processes' turns do not count
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double ns_per_pair(std::size_t size) {
  const double start = processor_ns();
  for (int i = 0; i < kPairs; ++i) {
    void* block = ::operator new(size);
    asm volatile("" : "+r"(block) : : "memory");
    ::operator delete(block);
  }
  return (processor_ns() - start) / kPairs;
}

}  // namespace

int main(int argc, char** argv) {
  ns_per_pair(1024);  // the first samples make the unwinder's tables
  for (int i = 1; i < argc; ++i) {
    std::printf("%.3f\n", ns_per_pair(std::strtoul(argv[i], nullptr, 10)));
  }
}
