// See stack_cache.h. Each entry is a sequence lock: its number is odd while it is written, and a
// reader that sees it change gives up. The data are atomics with acquire and release order, which
// sanitizers understand better than fences.
#include "stacks/stack_cache.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace pprof::internal {
namespace {

constexpr std::size_t kEntries = 512;
constexpr std::size_t kMaxDepth = 64;
constexpr std::uintptr_t kMaxOffset = 1U << 20U;

struct Frame {
  std::atomic<std::uintptr_t> return_address;
  std::atomic<std::uintptr_t> offset;  // of the place that holds it, from the base
};

struct Entry {
  std::atomic<std::uint32_t> sequence;
  std::atomic<std::size_t> depth;
  std::array<Frame, kMaxDepth> frames;
};

constinit std::array<Entry, kEntries> entries{};

// The part of this thread's stack that an unwinding has gone through, and that may be read.
struct KnownStack {
  std::uintptr_t lowest = 0;
  std::uintptr_t outermost = 0;  // where the first function's return address lies
};
constinit thread_local KnownStack known_stack;

Entry& entry_for(std::uintptr_t leaf, std::uintptr_t base) {
  // Stacks are aligned to pages: the place in its page tells call paths apart, not threads.
  const std::uint64_t key = leaf * 4096 + (base & 4095U);
  return entries[(key * 0x9E3779B97F4A7C15ULL >> 32U) % kEntries];
}

// Memory of frames that are being executed: nobody else writes it, sanitizers cannot know.
__attribute__((no_sanitize("thread", "address"))) std::uintptr_t word_at(std::uintptr_t address) {
  return *reinterpret_cast<const volatile std::uintptr_t*>(  // NOLINT(performance-no-int-to-ptr)
      address);
}

}  // namespace

std::size_t recognize_stack(std::uintptr_t* out, std::size_t capacity, std::uintptr_t leaf,
                            std::uintptr_t base) noexcept {
  const Entry& entry = entry_for(leaf, base);
  const std::uint32_t sequence = entry.sequence.load(std::memory_order_acquire);
  const std::size_t depth = entry.depth.load(std::memory_order_acquire);
  if (depth == 0 || depth > capacity || sequence % 2 != 0 || base < known_stack.lowest) return 0;
  for (std::size_t i = 0; i < depth; ++i) {
    const std::uintptr_t expected = entry.frames[i].return_address.load(std::memory_order_acquire);
    const std::uintptr_t offset = entry.frames[i].offset.load(std::memory_order_acquire);
    if (entry.sequence.load(std::memory_order_relaxed) != sequence ||
        (i == 0 && expected != leaf + 1) || base + offset > known_stack.outermost ||
        word_at(base + offset) != expected) {
      return 0;
    }
    out[i] = expected - 1;
  }
  return depth;
}

void remember_stack(const std::uintptr_t* call_sites, const std::uintptr_t* places,
                    std::size_t depth, std::uintptr_t leaf, std::uintptr_t base) noexcept {
  if (depth == 0 || depth > kMaxDepth) return;
  for (std::size_t i = 0; i < depth; ++i) {
    if (places[i] < (i == 0 ? base : places[i - 1]) || places[i] - base > kMaxOffset ||
        word_at(places[i]) != call_sites[i] + 1) {
      return;
    }
  }
  const std::uintptr_t outermost = places[depth - 1];
  const bool same_stack = outermost == known_stack.outermost;
  known_stack = {same_stack ? std::min(known_stack.lowest, base) : base, outermost};
  Entry& entry = entry_for(leaf, base);
  std::uint32_t sequence = entry.sequence.load(std::memory_order_relaxed);
  if (sequence % 2 != 0 || !entry.sequence.compare_exchange_strong(sequence, sequence + 1)) {
    return;  // another thread writes this entry
  }
  for (std::size_t i = 0; i < depth; ++i) {
    entry.frames[i].return_address.store(call_sites[i] + 1, std::memory_order_release);
    entry.frames[i].offset.store(places[i] - base, std::memory_order_release);
  }
  entry.depth.store(depth, std::memory_order_release);
  entry.sequence.store(sequence + 2, std::memory_order_release);
}

}  // namespace pprof::internal
