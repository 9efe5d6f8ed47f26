// Holds how often each operation allocates against allocation_budget.json. A stage that is not
// listed there is only checked for a count that is the same on every run.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "alloc_counter.h"
#include "benchmarks/operations.h"

namespace service {
namespace {

alloc_counter::Count cost(const Operation& operation) {
  const auto before = alloc_counter::this_thread();
  operation.run();
  return alloc_counter::this_thread() - before;
}

nlohmann::json budget() {
  const auto file = nlohmann::json::parse(std::ifstream(BUDGET_FILE));
  return file.value(STAGE_NAME, nlohmann::json::object());
}

TEST(AllocationBudget, IsTheSameForEveryCall) {
  for (const Operation& operation : operations()) {
    operation.run();
    const auto first = cost(operation);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(cost(operation).allocations, first.allocations) << operation.name;
    }
  }
}

TEST(AllocationBudget, IsKept) {
  const auto limits = budget();
  if (limits.empty()) GTEST_SKIP() << STAGE_NAME << " has no entry in " << BUDGET_FILE;
  for (const Operation& operation : operations()) {
    operation.run();
    EXPECT_EQ(cost(operation).allocations, limits.at(operation.name)) << operation.name;
  }
}

}  // namespace
}  // namespace service
