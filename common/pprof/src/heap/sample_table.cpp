// See sample_table.h.
#include "heap/sample_table.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pprof::internal {

void HeapSampleTable::add(std::uint64_t key, std::size_t size, std::size_t size_class,
                          std::span<const std::uintptr_t> stack) {
  Bucket& bucket = buckets_[{size_class, {stack.begin(), stack.end()}}];
  ++bucket.objects;
  bucket.bytes += size;
  ++bucket.live_objects;
  bucket.live_bytes += size;
  const auto [place, is_new] = live_.try_emplace(key, LiveSample{&bucket, size});
  if (!is_new) {  // the address was freed without our knowledge and is used again
    free(place->second);
    place->second = {&bucket, size};
  }
}

bool HeapSampleTable::remove(std::uint64_t key) {
  const auto found = live_.find(key);
  if (found == live_.end()) return false;
  free(found->second);
  live_.erase(found);
  return true;
}

void HeapSampleTable::keep(const std::unordered_set<std::uint64_t>& live) {
  std::erase_if(live_, [&](const auto& entry) {
    const bool freed = !live.contains(entry.first);
    if (freed) free(entry.second);
    return freed;
  });
}

void HeapSampleTable::free(const LiveSample& sample) {
  --sample.bucket->live_objects;
  sample.bucket->live_bytes -= sample.size;
}

std::vector<Sample> HeapSampleTable::estimate(std::size_t mean_bytes) const {
  std::vector<Sample> samples;
  for (const auto& [key, bucket] : buckets_) {
    const double scale =
        -1 / std::expm1(-static_cast<double>(key.size_class) / static_cast<double>(mean_bytes));
    const auto scaled = [scale](std::uint64_t value) {
      return std::llround(static_cast<double>(value) * scale);
    };
    samples.push_back({key.stack,
                       {scaled(bucket.objects), scaled(bucket.bytes), scaled(bucket.live_objects),
                        scaled(bucket.live_bytes)},
                       {}});
  }
  return samples;
}

std::size_t coarse_size_class(std::size_t size) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(size) / 32, 1);
  return size / step * step + step / 2;
}

}  // namespace pprof::internal
