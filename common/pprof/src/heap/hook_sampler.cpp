// See hook_sampler.h.
#include "heap/hook_sampler.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

#include "heap/poisson.h"
#include "heap/recorder.h"
#include "heap/tcmalloc.h"

namespace pprof::internal {
namespace {

constexpr unsigned kFilterBits = 15;
constexpr std::uint8_t kSaturated = 255;

std::size_t mean_bytes_between_samples = 0;  // set before the hooks are installed
constinit thread_local std::int64_t bytes_until_sample = 0;
constinit thread_local bool thread_has_begun = false;

// How many live samples hash to each place (saturated ones stay so). free() looks here first,
// without a lock: a freed address was handed over by the thread that counted it up.
constinit std::array<std::atomic<std::uint8_t>, std::size_t{1} << kFilterBits> filter{};

std::atomic<std::uint8_t>& filter_place(std::uintptr_t address) {
  return filter[address * 0x9E3779B97F4A7C15ULL >> (64U - kFilterBits)];
}

void filter_add(std::uintptr_t address, int step) {
  std::atomic<std::uint8_t>& place = filter_place(address);
  std::uint8_t count = place.load(std::memory_order_relaxed);
  while (count != kSaturated &&
         !place.compare_exchange_weak(count, static_cast<std::uint8_t>(count + step),
                                      std::memory_order_relaxed)) {
  }
}

// The count is used up, or this is the thread's first allocation. Whether to sample.
bool start_next_distance(std::size_t size) {
  const auto bytes = static_cast<std::int64_t>(size);
  if (!thread_has_begun) {
    thread_has_begun = true;
    bytes_until_sample = next_sample_distance(mean_bytes_between_samples) - bytes;
    if (bytes_until_sample >= 0) return false;
  }
  bytes_until_sample = next_sample_distance(mean_bytes_between_samples);
  return true;
}

void sample(const void* address, std::size_t size, const void* return_address) {
  const InsideSampler guard;
  if (!start_next_distance(size)) return;
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  heap_recorder().add(key, size, coarse_size_class(size), return_address);
  filter_add(key, 1);
}

void on_new(const void* address, std::size_t size) {
  if (InsideSampler::is_true() || address == nullptr) return;
  bytes_until_sample -= static_cast<std::int64_t>(size);
  if (bytes_until_sample >= 0) [[likely]] {
    return;
  }
  try {
    sample(address, size, __builtin_return_address(0));
  } catch (const std::exception&) {  // no memory: the sample is lost
  }
}

void on_delete(const void* address) {
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  if (filter_place(key).load(std::memory_order_relaxed) == 0 || InsideSampler::is_true())
      [[likely]] {
    return;
  }
  const InsideSampler guard;
  HeapRecorder& recorder = heap_recorder();
  const std::lock_guard lock(recorder.mutex);
  if (recorder.table.remove(key)) filter_add(key, -1);
}

}  // namespace

bool start_hook_sampler(std::size_t mean_bytes) {
  mean_bytes_between_samples = mean_bytes;
  if (MallocHook_AddDeleteHook(on_delete) == 0) return false;
  if (MallocHook_AddNewHook(on_new) == 0) {
    MallocHook_RemoveDeleteHook(on_delete);
    return false;
  }
  return true;
}

}  // namespace pprof::internal
