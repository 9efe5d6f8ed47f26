// See threads_text.h.
#include "profiles/threads_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include "encode/text.h"
#include "symbolize/symbolizer.h"
#include "threads/threads.h"

namespace pprof::internal {
namespace {

std::string format_stack(const std::vector<std::uintptr_t>& stack) {
  std::string text;
  for (const std::uintptr_t address : stack) {
    text += format_address(address, Symbolizer::instance());
  }
  return text;
}

std::string format_thread(const ThreadStack& thread) {
  std::string text = "thread " + std::to_string(thread.tid) + " \"" + thread.name + "\"";
  for (const Label& label : thread.labels) text += " " + label.key + "=" + label.text;
  if (!thread.silent_because.empty()) return text + " (" + thread.silent_because + ")\n";
  return text + ":\n" + format_stack(thread.stack);
}

std::string each_thread(const std::vector<ThreadStack>& threads) {
  std::string text;
  for (const ThreadStack& thread : threads) {
    text += (text.empty() ? "" : "\n") + format_thread(thread);
  }
  return text;
}

std::string grouped_threads(const std::vector<ThreadStack>& threads) {
  std::map<std::vector<std::uintptr_t>, std::vector<std::string>> names_by_stack;
  for (const ThreadStack& thread : threads) names_by_stack[thread.stack].push_back(thread.name);
  std::vector<const decltype(names_by_stack)::value_type*> groups;
  for (const auto& group : names_by_stack) groups.push_back(&group);
  std::ranges::stable_sort(groups, std::ranges::greater{},
                           [](const auto* group) { return group->second.size(); });
  std::string text = "threads profile: total " + std::to_string(threads.size()) + "\n";
  for (const auto* group : groups) {
    text += "\n" + std::to_string(group->second.size()) + " thread(s):";
    for (const std::string& name : group->second) text += " " + name;
    text += "\n" + format_stack(group->first);
  }
  return text;
}

}  // namespace

std::string threads_text(int debug) {
  const std::vector<ThreadStack> threads = capture_threads();
  return debug == 2 ? each_thread(threads) : grouped_threads(threads);
}

}  // namespace pprof::internal
