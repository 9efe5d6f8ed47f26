// Counts of sampled allocations, in buckets by stack, size class and sampling distance. Filled by
// sampler.cpp, read by heap_profile(). Thread-safety: none; the caller locks.
//
// Buckets have one size class each, because the chance of being sampled depends on the size: an
// average over all sizes would be biased (runtime/mprof.go of Go does the same). Buckets stay, so
// classes must be few: a service that allocates strings of every length would otherwise fill its
// memory with them. They lie in memory of their own: the table is changed inside malloc().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "profile.h"

namespace pprof::internal {

struct HeapCounts {
  std::uint64_t objects = 0, bytes = 0;            // ever allocated
  std::uint64_t live_objects = 0, live_bytes = 0;  // and not freed
};

struct HeapBucket {
  HeapBucket* next_in_chain;  // of the hash table
  HeapBucket* older;          // of all
  std::size_t size_class;
  std::size_t mean_bytes;  // between samples, when these were taken
  HeapCounts counts;
  std::span<const std::uintptr_t> stack;
};

// The bucket for an allocation of `size` bytes. nullptr: no memory.
HeapBucket* heap_bucket(std::size_t size, std::size_t mean_bytes,
                        std::span<const std::uintptr_t> stack) noexcept;

// The one made last; HeapBucket::older leads to the others. What it points to never goes away.
HeapBucket* newest_heap_bucket() noexcept;

// Estimates of the four values. n samples stand for n / (1 - exp(-size_class / mean)) allocations,
// and with a mean of 1, which samples all, for n.
Sample estimate(const HeapBucket& bucket, const HeapCounts& counts);

}  // namespace pprof::internal
