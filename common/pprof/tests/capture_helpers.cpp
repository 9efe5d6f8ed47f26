// See capture_helpers.h.
#include "capture_helpers.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

namespace pprof::testing {

std::string function_at(std::uintptr_t address) {
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (dladdr(reinterpret_cast<void*>(address), &info) == 0 || info.dli_sname == nullptr) return "";
  return info.dli_sname;
}

bool stack_has(const std::vector<std::uintptr_t>& stack, std::string_view function) {
  return std::ranges::any_of(stack, [&](std::uintptr_t a) { return function_at(a) == function; });
}

std::string label_of(const internal::Sample& sample, std::string_view key) {
  const auto found = std::ranges::find(sample.labels, key, &internal::Label::key);
  return found == sample.labels.end() ? "" : found->text;
}

std::int64_t sum_of(const internal::Profile& profile, std::size_t index,
                    std::string_view function) {
  std::int64_t sum = 0;
  for (const internal::Sample& sample : profile.samples) {
    sum += stack_has(sample.stack, function) ? sample.values.at(index) : 0;
  }
  return sum;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

bool is_asleep(int tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end_of_name = line.rfind(')');
  return end_of_name != std::string::npos && line.substr(end_of_name, 3) == ") S";
}

}  // namespace pprof::testing
