// See heap.h.
#include "heap/heap.h"

#include <atomic>

#include "environment.h"
#include "heap/sampler.h"

namespace pprof::internal {
namespace {

constexpr std::size_t kDefaultSampleBytes = std::size_t{512} << 10U;

constinit const char* allocator_below = "";
constinit const char* obstacle =
    "heap profiles need a sampler in front of the allocator: link pprof::heap (or pprof::tcmalloc, "
    "which is that and tcmalloc)";
constinit std::atomic<bool> has_sampled{false};

}  // namespace

void start_heap_sampler(const char* allocator, const char* reason) {
  const std::size_t bytes =
      number_from_environment("PPROF_HEAP_SAMPLE_BYTES", kDefaultSampleBytes, kMostSampleBytes);
  allocator_below = allocator;
  obstacle = reason;
  set_sample_distance(0);
  if (obstacle == nullptr) set_heap_rate(bytes);
}

void set_heap_rate(std::size_t bytes) {
  set_sample_distance(bytes);
  if (bytes != 0) has_sampled = true;
}

std::string heap_obstacle() { return obstacle != nullptr ? obstacle : ""; }

std::string heap_unavailable_reason() {
  if (obstacle != nullptr || has_sampled) return heap_obstacle();
  return "PPROF_HEAP_SAMPLE_BYTES is 0: no heap profiles; unset it, or call "
         "pprof::set_heap_profile_rate()";
}

std::string heap_sampler_description() {
  return std::string("Samples are drawn in front of the malloc of ") + allocator_below + ".";
}

std::string heap_rate_description() {
  const std::size_t bytes = sample_distance();
  return bytes != 0 ? "One for each " + std::to_string(bytes) + " bytes."
                    : "None are drawn now: pprof::set_heap_profile_rate(0) was called.";
}

Profile heap_profile() {
  const NotSampled guard;
  Profile profile;
  profile.sample_types = {{"alloc_objects", "count"},
                          {"alloc_space", "bytes"},
                          {"inuse_objects", "count"},
                          {"inuse_space", "bytes"}};
  profile.default_sample_type = "inuse_space";
  profile.period_type = {"space", "bytes"};
  profile.period = static_cast<std::int64_t>(sample_distance());
  profile.time = std::chrono::system_clock::now();
  if (!heap_available()) return profile;
  profile.samples = heap_samples();
  profile.comments = {heap_sampler_description()};
  if (profile.period == 0) profile.comments.push_back(heap_rate_description());
  profile.lost = lost_samples();
  return profile;
}

}  // namespace pprof::internal
