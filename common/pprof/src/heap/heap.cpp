// See heap.h. Chooses the sampler when the process starts.
#include "heap/heap.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "heap/hook_sampler.h"
#include "heap/native_sampler.h"
#include "heap/recorder.h"
#include "heap/tcmalloc.h"
#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

constexpr std::size_t kDefaultSampleBytes = std::size_t{512} << 10U;

struct Heap {
  std::size_t mean_bytes = 0;
  HeapSampler sampler = HeapSampler::kNone;
};

std::size_t wanted_sample_bytes() {
  const char* const text = std::getenv("PPROF_HEAP_SAMPLE_BYTES");  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr) return kDefaultSampleBytes;
  const std::string_view given(text);
  const char* const end = given.data() + given.size();
  std::size_t bytes = 0;
  const auto [stop, status] = std::from_chars(given.data(), end, bytes);
  if (status == std::errc() && stop == end) return bytes;
  std::fprintf(stderr,
               "pprof: PPROF_HEAP_SAMPLE_BYTES=\"%s\" is not a whole number of bytes; it stays at "
               "%zu (0: no samples)\n",
               text, kDefaultSampleBytes);
  return kDefaultSampleBytes;
}

Heap start() {
  Heap heap;
  heap.mean_bytes = wanted_sample_bytes();
  if (!tcmalloc_linked() || heap.mean_bytes == 0) return heap;
  prepare_unwinder();
  heap_recorder();  // allocates now, not in a hook
  // PPROF_HEAP_HOOKS=1: as with a tcmalloc that the native sampler does not know.
  const bool hooks_wanted = std::getenv("PPROF_HEAP_HOOKS") != nullptr;  // NOLINT(*-mt-unsafe)
  if (!hooks_wanted && start_native_sampler(heap.mean_bytes)) {
    heap.sampler = HeapSampler::kNative;
  } else if (start_hook_sampler(heap.mean_bytes)) {
    heap.sampler = HeapSampler::kHooks;
  }
  return heap;
}

const Heap& heap() {
  static const Heap instance = start();
  return instance;
}

// Sampling must begin before main(), with the first allocations of the program.
[[maybe_unused]] const Heap& started_early = heap();

// The leaf is to be the caller of the allocator, not its inner functions.
void drop_allocator_frames(std::vector<std::uintptr_t>& stack) {
  stack.erase(stack.begin(), std::ranges::find_if_not(stack, is_tcmalloc_code));
}

}  // namespace

HeapSampler heap_sampler() { return heap().sampler; }

bool heap_available() { return heap_sampler() != HeapSampler::kNone; }

std::size_t heap_sample_bytes() { return heap().mean_bytes; }

Profile heap_profile() {
  const InsideSampler guard;
  Profile profile;
  profile.sample_types = {{"alloc_objects", "count"},
                          {"alloc_space", "bytes"},
                          {"inuse_objects", "count"},
                          {"inuse_space", "bytes"}};
  profile.default_sample_type = "inuse_space";
  profile.period_type = {"space", "bytes"};
  profile.period = static_cast<std::int64_t>(heap_sample_bytes());
  profile.time = std::chrono::system_clock::now();
  profile.drop_frames =
      "operator new(\\[\\])?|(tc_)?(malloc|calloc|realloc|memalign|new|newarray)|"
      "MallocHook::.*|tcmalloc::.*";
  if (!heap_available()) return profile;
  {
    HeapRecorder& recorder = heap_recorder();
    const std::lock_guard lock(recorder.mutex);
    if (heap().sampler == HeapSampler::kNative) native_sampler_update();
    profile.samples = recorder.table.estimate(heap_sample_bytes());
  }
  for (Sample& sample : profile.samples) drop_allocator_frames(sample.stack);
  return profile;
}

}  // namespace pprof::internal
