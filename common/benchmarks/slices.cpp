// See slices.h.
#include "benchmarks/slices.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <sstream>
#include <string>

#include "alloc_counter.h"

namespace service {
namespace {

constexpr std::uintptr_t kPage = 4096;

std::int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

// Not inlined and not in the unnamed namespace: scripts/compare/instructions.py has callgrind
// collect what runs in here.
[[gnu::noinline]] void measured_loop(const Operation& operation, std::int64_t iterations) {
  for (std::int64_t i = 0; i < iterations; ++i) operation.run();
}

namespace {

// Not inlined: what it takes off the stack ends with it.
[[gnu::noinline]] void run_slice(const Operation& operation, std::int64_t iterations,
                                 std::uintptr_t place, std::ostream& out) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  void* volatile gap = __builtin_alloca((here - place) % kPage);
  static_cast<void>(gap);
  for (std::int64_t i = 0; i <= iterations / 16; ++i) operation.run();
  const auto allocated = alloc_counter::this_thread();
  const std::int64_t wall = nanoseconds(CLOCK_MONOTONIC);
  const std::int64_t cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  measured_loop(operation, iterations);
  const std::int64_t cpu_end = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  const std::int64_t wall_end = nanoseconds(CLOCK_MONOTONIC);
  const auto used = alloc_counter::this_thread() - allocated;
  out << cpu_end - cpu << ' ' << wall_end - wall << ' ' << used.bytes << ' ' << used.allocations
      << std::endl;  // the driver waits for it
}

}  // namespace

int run_slices(const std::vector<Operation>& operations, std::istream& in, std::ostream& out) {
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::int64_t iterations = 0;
    std::uintptr_t place = 0;
    std::string name;
    const bool read =
        static_cast<bool>(std::getline(words >> iterations >> place >> std::ws, name));
    const auto operation = std::find_if(operations.begin(), operations.end(),
                                        [&](const Operation& known) { return known.name == name; });
    if (!read || iterations <= 0 || operation == operations.end()) {
      std::cerr << "\"" << line
                << "\": a line must be ITERATIONS PLACE NAME, with a benchmark's name\n";
      return 2;
    }
    run_slice(*operation, iterations, place, out);
  }
  return 0;
}

}  // namespace service
