// Shared by the tests of the capture code: names in stacks, sums over samples, parked threads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "profile.h"
#include "sanitizers.h"

namespace pprof::testing {

// The name of the exported function (extern "C" in the tests) at an address, or "".
std::string function_at(std::uintptr_t address);

bool stack_has(const std::vector<std::uintptr_t>& stack, std::string_view function);

// The text of label `key`, or "" if there is none.
std::string label_of(const internal::Sample& sample, std::string_view key);

// Sum of value `index` over the samples that have `function` in their stack.
std::int64_t sum_of(const internal::Profile& profile, std::size_t index, std::string_view function);

// Waits until `condition` holds, a minute at most: how soon is not what it asks. Whether it holds.
bool eventually(const std::function<bool()>& condition);

// Whether thread `tid` sleeps in the kernel.
bool is_asleep(int tid);

}  // namespace pprof::testing
