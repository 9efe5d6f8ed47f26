// Measures what heap sampling adds to a pair of new and delete over an allocator: runs a program
// without and one with pprof::heap in turn, and prints the medians and their ratio.
// Usage: pprof_alloc_cost [ROUNDS [LIBRARY]], default 15 rounds over the C library's allocator;
// LIBRARY is preloaded: libtcmalloc.so.4, libjemalloc.so.2, libmimalloc.so.2.0. Takes about
// ROUNDS seconds. Not thread-safe.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr std::array<std::size_t, 5> kSizes{32, 64, 128, 256, 1024};
using Figures = std::array<std::vector<double>, kSizes.size()>;  // ns, one for each round

void run(const std::string& program, const std::string& library, Figures& figures) {
  std::string command = library.empty() ? "" : "LD_PRELOAD=" + library + " ";
  command += program;
  for (const std::size_t size : kSizes) command += " " + std::to_string(size);
  FILE* const pipe = popen(command.c_str(), "r");
  for (std::vector<double>& values : figures) {
    double figure = 0;
    if (pipe != nullptr && std::fscanf(pipe, "%lf", &figure) == 1) values.push_back(figure);
  }
  if (pipe == nullptr || pclose(pipe) != 0 || figures.back().size() != figures.front().size()) {
    std::fprintf(stderr, "pprof_alloc_cost: %s failed\n", command.c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
  }
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  const std::string library = argc > 2 ? argv[2] : "";
  Figures plain;
  Figures sampling;
  for (int round = 0; round < rounds; ++round) {
    run(PPROF_ALLOC_PAIRS_PLAIN, library, plain);
    run(PPROF_ALLOC_PAIRS_SAMPLING, library, sampling);
  }
  std::printf("%s\n%6s %12s %12s %8s\n", library.empty() ? "C library" : library.c_str(), "bytes",
              "plain ns", "sampling ns", "ratio");
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const double without = median(plain.at(i));
    const double with = median(sampling.at(i));
    std::printf("%6zu %12.2f %12.2f %8.2f\n", kSizes.at(i), without, with, with / without);
  }
}
