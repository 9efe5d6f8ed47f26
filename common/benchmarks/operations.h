// The five operations that are benchmarked, and held by the allocation budget. One iteration of a
// benchmark, and one step of the budget test, is one call of Operation::run.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace service {

struct Operation {
  std::string name;
  std::function<void()> run;
};

// The log goes to /dev/null, line by line or through a buffer as the stage has it; metrics are
// formatted and discarded. The operations may be called from one thread at a time.
std::vector<Operation> operations();

}  // namespace service
