// Measures what heap sampling adds to a new/delete pair: runs itself alternately with sampling off
// (plain tcmalloc), on, and by hooks, and prints the medians and their ratios to plain.
// Usage: pprof_alloc_cost [ROUNDS], default 15. Takes about ROUNDS seconds. Not thread-safe.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "heap/heap.h"

namespace {

constexpr std::array<std::size_t, 5> kSizes{32, 64, 128, 256, 1024};
constexpr int kPairs = 1'000'000;

struct Mode {
  const char* name;
  const char* variable;
  const char* value;
};
constexpr std::array<Mode, 3> kModes{{{"plain", "PPROF_HEAP_SAMPLE_BYTES", "0"},
                                      {"sampling", "PPROF_HEAP_SAMPLE_BYTES", "524288"},
                                      {"by hooks", "PPROF_HEAP_HOOKS", "1"}}};

double ns_per_pair(std::size_t size) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kPairs; ++i) {
    void* block = ::operator new(size);
    asm volatile("" : "+r"(block) : : "memory");
    ::operator delete(block);
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return std::chrono::duration<double, std::nano>(elapsed).count() / kPairs;
}

// In the child: one figure for each size, on standard output.
int measure() {
  static_cast<void>(pprof::internal::heap_available());  // links the sampler in
  for (const std::size_t size : kSizes) std::printf("%.3f\n", ns_per_pair(size));
  return 0;
}

std::vector<double> run_child(const Mode& mode) {
  const std::string command = std::string(mode.variable) + "=" + mode.value + " /proc/" +
                              std::to_string(getpid()) + "/exe --measure";
  std::vector<double> figures;
  FILE* const pipe = popen(command.c_str(), "r");
  double figure = 0;
  while (pipe != nullptr && std::fscanf(pipe, "%lf", &figure) == 1) figures.push_back(figure);
  if (pipe == nullptr || pclose(pipe) != 0 || figures.size() != kSizes.size()) {
    std::fprintf(stderr, "pprof_alloc_cost: %s failed\n", command.c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
  }
  return figures;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--measure") return measure();
  const int rounds = argc == 2 ? std::max(1, std::atoi(argv[1])) : 15;
  std::map<std::size_t, std::array<std::vector<double>, kModes.size()>> figures;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t mode = 0; mode < kModes.size(); ++mode) {
      const std::vector<double> run = run_child(kModes.at(mode));
      for (std::size_t i = 0; i < kSizes.size(); ++i) {
        figures[kSizes.at(i)].at(mode).push_back(run[i]);
      }
    }
  }
  std::printf("%6s %12s %12s %8s %12s %8s\n", "bytes", "plain ns", "sampling ns", "ratio",
              "by hooks ns", "ratio");
  for (const auto& [size, runs] : figures) {
    const double plain = median(runs[0]);
    std::printf("%6zu %12.2f %12.2f %8.2f %12.2f %8.2f\n", size, plain, median(runs[1]),
                median(runs[1]) / plain, median(runs[2]), median(runs[2]) / plain);
  }
  return 0;
}
