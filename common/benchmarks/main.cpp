// Benchmarks of one stage, with Google Benchmark. B/op and allocs/op are counted by operator new on
// the benchmark's own thread, after one call that lets caches and buffers come into being.
#include <benchmark/benchmark.h>

#include <iostream>
#include <string_view>

#include "alloc_counter.h"
#include "benchmarks/build_commit.h"
#include "benchmarks/operations.h"
#include "benchmarks/slices.h"

namespace {

void run(benchmark::State& state, const service::Operation& operation) {
  operation.run();
  const auto before = alloc_counter::this_thread();
  for (auto _ : state) operation.run();
  const auto used = alloc_counter::this_thread() - before;
  const auto per_op = [](std::uint64_t total) {
    return benchmark::Counter(static_cast<double>(total), benchmark::Counter::kAvgIterations);
  };
  state.counters["B/op"] = per_op(used.bytes);
  state.counters["allocs/op"] = per_op(used.allocations);
}

}  // namespace

int main(int argc, char** argv) {
  const auto operations = service::operations();
  if (argc == 2 && std::string_view(argv[1]) == "--slices") {
    return service::run_slices(operations, std::cin, std::cout);
  }
  for (const auto& operation : operations) {
    benchmark::RegisterBenchmark(operation.name.c_str(), run, operation);
  }
  benchmark::AddCustomContext("stage", STAGE_NAME);
  benchmark::AddCustomContext("commit", service::built_from());
  benchmark::AddCustomContext("build_type", BUILD_TYPE);
  benchmark::AddCustomContext("compiler", COMPILER);
  benchmark::AddCustomContext("flags", COMPILER_FLAGS);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
