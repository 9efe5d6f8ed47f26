// See table.h. Descriptions follow those of Go's net/http/pprof where the profile is the same.
#include "profiles/table.h"

#include <algorithm>
#include <utility>

#include "contention/contention.h"
#include "cpu/cpu.h"
#include "heap/heap.h"
#include "profiles/own_samples.h"
#include "profiles/threads_text.h"
#include "symbolize/symbolizer.h"
#include "threads/tasks.h"
#include "threads/threads.h"
#include "trace/trace.h"
#include "wall/wall.h"

namespace pprof::internal {
namespace {

std::size_t count_threads() { return list_threads().size(); }

Profile finish_heap(Profile profile) {
  if (profile.lost > 0) {
    profile.comments.push_back(std::to_string(profile.lost) +
                               " samples are missing: there was no memory or no address left for "
                               "their blocks");
  }
  return without_own_samples(std::move(profile), Symbolizer::instance());
}

Profile allocs_profile() {
  Profile profile = heap_profile();
  profile.default_sample_type = "alloc_space";
  return profile;
}

Endpoint heap_endpoint(const char* name, const std::string& description, Profile (*snapshot)()) {
  return {.name = name,
          .description = description,
          .unavailable = heap_unavailable_reason,
          .rate = [] { return heap_sampler_description() + " " + heap_rate_description(); },
          .count = [] { return heap_profile().samples.size(); },
          .snapshot = snapshot,
          .finish = finish_heap};
}

Endpoint block_endpoint() {
  return {.name = "block",
          .description = "Stacks that waited for a pprof::Mutex or pprof::ConditionVariable.",
          .rate = block_rate_description,
          .count = [] { return block_profile().samples.size(); },
          .snapshot = block_profile};
}

Endpoint mutex_endpoint() {
  return {.name = "mutex",
          .description = "Stacks that held a pprof::Mutex while others waited for it.",
          .rate = mutex_rate_description,
          .count = [] { return mutex_profile().samples.size(); },
          .snapshot = mutex_profile};
}

Endpoint cpu_endpoint() {
  return {.name = "profile",
          .description = "CPU time by stack. Give the duration as ?seconds=, 30 by default.",
          .unavailable = cpu_unavailable_reason,
          .rate = cpu_rate_description,
          .timed = cpu_profile};
}

Endpoint threads_endpoint(const char* name, const char* description) {
  return {.name = name,
          .description = description,
          .count = count_threads,
          .snapshot = threads_profile,
          .text = threads_text};
}

Endpoint trace_endpoint() {
  return {.name = "trace",
          .description =
              "Requests, lock waits and other spans by thread, as Chrome trace events "
              "for Perfetto or speedscope. Give the duration as ?seconds=, 1 by "
              "default.",
          .json = capture_trace_json,
          .default_duration = std::chrono::seconds(1)};
}

Endpoint wall_endpoint() {
  return {.name = "wall",
          .description =
              "Real time by stack, waiting included: all threads, 50 times a second or less often. "
              "Give the duration as ?seconds=, 30 by default.",
          .timed = wall_profile};
}

}  // namespace

const std::vector<Endpoint>& endpoints() {
  static const auto* const table = new std::vector<Endpoint>{
      heap_endpoint("allocs", "All memory allocated since the start, by stack, sampled.",
                    allocs_profile),
      block_endpoint(),
      threads_endpoint("goroutine", "The same as threads, under the name that Go's tools know."),
      heap_endpoint("heap", "The memory in use now, by the stack that allocated it, sampled.",
                    heap_profile),
      mutex_endpoint(),
      cpu_endpoint(),
      threads_endpoint("threads",
                       "The stacks of all threads at this moment. debug=2 lists them "
                       "one by one."),
      trace_endpoint(),
      wall_endpoint(),
  };
  return *table;
}

const Endpoint* find_endpoint(std::string_view name) {
  const auto found = std::ranges::find(endpoints(), name, &Endpoint::name);
  return found == endpoints().end() ? nullptr : &*found;
}

std::string unknown_profile(std::string_view name) {
  std::string text = "unknown profile \"" + std::string(name) + "\": use one of";
  for (const Endpoint& known : endpoints()) text += " " + known.name;
  return text;
}

}  // namespace pprof::internal
