// Prints what a pair of new and delete takes, in ns of processor time, for each size that its
// driver names: one figure a line, the median of the same loop at 16 places. Where a loop lies is
// up to a fifth of its time, whatever it calls. Built twice, without and with pprof::heap; run by
// alloc_cost.cpp.
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

constexpr int kPairs = 500'000;

double processor_ns() {  // other processes' turns do not count
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <int kPlace>
[[gnu::noinline]] double ns_per_pair(std::size_t size) {
  const double start = processor_ns();
  asm volatile(".balign 64\n .skip %c0, 0x90" : : "i"(4 * kPlace + 1));
  for (int i = 0; i < kPairs; ++i) {
    void* block = ::operator new(size);
    asm volatile("" : "+r"(block) : : "memory");
    ::operator delete(block);
  }
  return (processor_ns() - start) / kPairs;
}

template <int... kPlaces>
double median_ns(std::size_t size, std::integer_sequence<int, kPlaces...> /*places*/) {
  std::array figures{ns_per_pair<kPlaces>(size)...};
  std::ranges::sort(figures);
  return figures[figures.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  constexpr auto kPlaces = std::make_integer_sequence<int, 16>();
  median_ns(1024, kPlaces);  // the first samples make the unwinder's tables
  for (int i = 1; i < argc; ++i) {
    std::printf("%.3f\n", median_ns(std::strtoul(argv[i], nullptr, 10), kPlaces));
  }
}
