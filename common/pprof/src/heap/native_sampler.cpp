// See native_sampler.h.
#include "heap/native_sampler.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "heap/poisson.h"
#include "heap/recorder.h"
#include "heap/tcmalloc.h"

namespace pprof::internal {
namespace {

// With these arguments tcmalloc 2.x asks for the stack of a sampled allocation (kMaxStackDepth and
// DoSampledAllocation() in its source).
constexpr int kDepthOfSample = 31;
constexpr int kSkipOfSample = 1;
// And with these for the stack that made it ask the kernel for memory (RecordGrowth()). It holds
// its page-heap lock then, and walking a stack takes the loader's lock: a thread that allocates
// inside dlopen() or dl_iterate_phdr() holds the two the other way round. gperftools after 2.10
// walks before it locks; nothing here reads these stacks.
constexpr int kDepthOfGrowth = 30;
constexpr int kSkipOfGrowth = 3;
// How far tcmalloc counts down while it does not sample, and an allocation that ends that.
constexpr std::int64_t kIdleBytes = std::int64_t{16} << 20U;
constexpr std::size_t kProbeBytes = std::size_t{17} << 20U;

constexpr std::size_t kLargestClassBytes = std::size_t{256} << 10U;  // kMaxSize in its common.h

using StackTraceFunction = int (*)(void**, int, int);

std::atomic<bool> active{false};
std::size_t mean_bytes_between_samples = 0;  // set before `active`
std::atomic<std::uint64_t> last_id{0};
std::atomic<std::size_t> update_at_samples{4096};
constinit thread_local std::uint64_t pending_id = 0;  // this thread's allocation is being sampled
constinit thread_local bool probing = false;
constinit thread_local bool probe_seen = false;

bool add_hook(MallocHook_NewHook hook) {
  const std::lock_guard lock(heap_recorder().hooks_mutex);
  return MallocHook_AddNewHook(hook) != 0;
}

void remove_hook(MallocHook_NewHook hook) {
  const std::lock_guard lock(heap_recorder().hooks_mutex);
  MallocHook_RemoveNewHook(hook);
}

// tcmalloc counts an allocation for the bytes of its size class, and beyond the classes for whole
// pages.
std::size_t size_class(std::size_t size) {
  const std::size_t counted = tc_nallocx(size, 0);
  return counted <= kLargestClassBytes ? counted : coarse_size_class(counted);
}

void remember(std::uint64_t id, std::size_t size, const void* return_address) {
  const InsideSampler guard;
  HeapRecorder& recorder = heap_recorder();
  recorder.add(id, size, size_class(size), return_address);
  const std::lock_guard lock(recorder.mutex);
  if (recorder.table.live_samples() > update_at_samples) {
    native_sampler_update();
    update_at_samples = std::max<std::size_t>(4096, 2 * recorder.table.live_samples());
  }
}

void on_new(const void* address, std::size_t size) {
  const std::uint64_t id = std::exchange(pending_id, 0);
  if (id == 0) {
    return;  // another thread's sample
  }
  remove_hook(on_new);
  if (probing) {
    probe_seen = size == kProbeBytes;
  } else if (address != nullptr) {
    try {
      remember(id, size, __builtin_return_address(0));
    } catch (const std::exception&) {  // no memory: the sample is lost
    }
  }
}

// The number for the allocation that tcmalloc samples right now, or 0 to leave it out.
std::uint64_t begin_sample() {
  if (InsideSampler::is_true()) return 0;
  if (pending_id == 0 && !add_hook(on_new)) {
    return 0;  // all places for hooks are taken by other threads
  }
  pending_id = last_id.fetch_add(1) + 1;
  return pending_id;
}

int forward(void** result, int max_depth, int skip_count) {
  static const auto next =
      reinterpret_cast<StackTraceFunction>(dlsym(RTLD_NEXT, "_Z13GetStackTracePPvii"));
  return next != nullptr ? next(result, max_depth, skip_count + 1) : 0;
}

}  // namespace

bool start_native_sampler(std::size_t mean_bytes) {
  std::int64_t* const parameter = tcmalloc_sample_parameter();
  std::unordered_set<std::uint64_t> live;
  if (parameter == nullptr || !tcmalloc_live_samples(live)) return false;
  forward(nullptr, 0, 0);  // looks it up now: later calls hold tcmalloc's locks
  const std::int64_t before = std::exchange(*parameter, static_cast<std::int64_t>(mean_bytes));
  mean_bytes_between_samples = mean_bytes;
  probing = true;
  active = true;
  tc_free(tc_malloc(kProbeBytes));
  probing = false;
  if (!probe_seen) {
    active = false;
    *parameter = before;
  }
  return probe_seen;
}

void native_sampler_update() {
  const InsideSampler guard;
  std::unordered_set<std::uint64_t> live;
  if (tcmalloc_live_samples(live)) heap_recorder().table.keep(live);
}

}  // namespace pprof::internal

// Overrides gperftools' function of this name. Weak: a tcmalloc linked statically has its own,
// and then the native sampler finds that it does not work.
[[gnu::weak, gnu::visibility("default")]] int GetStackTrace(void** result, int max_depth,
                                                            int skip_count) {
  using namespace pprof::internal;
  if (max_depth == kDepthOfGrowth && skip_count == kSkipOfGrowth) return 0;
  if (!active.load(std::memory_order_relaxed) || max_depth != kDepthOfSample ||
      skip_count != kSkipOfSample) {
    return forward(result, max_depth, skip_count);
  }
  const std::uint64_t id = begin_sample();
  result[0] = reinterpret_cast<void*>(id);  // NOLINT(performance-no-int-to-ptr)
  return id != 0 ? 1 : 0;
}

// Overrides tcmalloc::Sampler::PickNextSamplingPoint(), whose sequence repeats in each thread that
// gets the memory of an ended one, because its seed is an address. If that tcmalloc has no such
// function, its own choice stays in force.
extern "C" [[gnu::weak, gnu::visibility("default")]] std::int64_t pprof_next_sampling_point(
    void* /*sampler*/) asm("_ZN8tcmalloc7Sampler21PickNextSamplingPointEv");

std::int64_t pprof_next_sampling_point(void* /*sampler*/) {
  using namespace pprof::internal;
  return active.load(std::memory_order_acquire) ? next_sample_distance(mean_bytes_between_samples)
                                                : kIdleBytes;
}
