// See contention.h.
#include "contention/contention.h"

#include <pthread.h>

#include <array>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>
#include <vector>

#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

constexpr std::int64_t kSampleEveryNs = 10'000;

struct Sums {
  double contentions = 0;
  double delay_ns = 0;
};

struct Table {
  std::mutex mutex;
  std::map<std::vector<std::uintptr_t>, Sums> by_stack;
};

struct Tables {
  Table block;
  Table mutex;
};

Tables& tables() {
  // Never destroyed: locks are used during static destruction, too.
  static auto* const instance = [] {
    pthread_atfork(
        [] {
          tables().block.mutex.lock();
          tables().mutex.mutex.lock();
        },
        [] {
          tables().mutex.mutex.unlock();
          tables().block.mutex.unlock();
        },
        [] {
          tables().mutex.mutex.unlock();
          tables().block.mutex.unlock();
        });
    return new Tables;
  }();
  return *instance;
}

// Marsaglia's xorshift64; the seed differs from thread to thread.
std::uint64_t random_bits() noexcept {
  constinit static thread_local std::uint64_t state = 0;
  if (state == 0) state = reinterpret_cast<std::uintptr_t>(&state) * 0x9E3779B97F4A7C15ULL | 1U;
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return state;
}

void record(Table& table, std::int64_t delay_ns, const void* return_address) {
  Sums event{1, static_cast<double>(delay_ns)};
  if (delay_ns < kSampleEveryNs) {
    if (delay_ns <= 0 || static_cast<std::int64_t>(random_bits() % kSampleEveryNs) >= delay_ns) {
      return;
    }
    event.contentions = static_cast<double>(kSampleEveryNs) / event.delay_ns;
    event.delay_ns = kSampleEveryNs;
  }
  std::array<std::uintptr_t, kMaxStackDepth> stack;  // NOLINT(*-member-init): filled below
  const std::size_t depth = capture_own_stack(stack.data(), stack.size(), return_address);
  std::vector<std::uintptr_t> key(stack.data(), stack.data() + depth);
  const std::lock_guard lock(table.mutex);
  Sums& sums = table.by_stack[std::move(key)];
  sums.contentions += event.contentions;
  sums.delay_ns += event.delay_ns;
}

Profile profile_of(Table& table) {
  Profile profile;
  profile.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile.period_type = {"contentions", "count"};
  profile.period = 1;
  profile.time = std::chrono::system_clock::now();
  const std::lock_guard lock(table.mutex);
  for (const auto& [stack, sums] : table.by_stack) {
    profile.samples.push_back(
        {stack, {std::llround(sums.contentions), std::llround(sums.delay_ns)}, {}});
  }
  return profile;
}

}  // namespace

Profile block_profile() { return profile_of(tables().block); }
Profile mutex_profile() { return profile_of(tables().mutex); }

void record_block(std::int64_t delay_ns, const void* return_address) noexcept try {
  record(tables().block, delay_ns, return_address);
} catch (const std::exception&) {  // no memory: the wait is not recorded
}

void record_mutex(std::int64_t delay_ns, const void* return_address) noexcept try {
  record(tables().mutex, delay_ns, return_address);
} catch (const std::exception&) {  // no memory: the wait is not recorded
}

}  // namespace pprof::internal
