// See contention.h.
#include "contention/contention.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "environment.h"
#include "fork_mutex.h"
#include "stacks/stack_memory.h"
#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

constexpr std::int64_t kShortWaitNs = 10'000;
constexpr std::int64_t kMost = std::numeric_limits<int>::max();
// Before these are read, both are 0: locks that are taken so early are not recorded.
std::atomic<std::int64_t> block_rate_ns{
    number_from_environment("PPROF_BLOCK_RATE_NS", kShortWaitNs, kMost)};
std::atomic<int> mutex_fraction{
    static_cast<int>(number_from_environment("PPROF_MUTEX_FRACTION", 1, kMost))};

constexpr char kOff[] = "No waits are recorded now: ";

struct Sums {
  double contentions = 0;
  double delay_ns = 0;
};

using Table = std::map<std::vector<std::uintptr_t>, Sums>;  // by stack

struct Tables {
  Table block;
  Table mutex;
};

constinit ForkMutex tables_mutex;
void count_fork() { ++forks_before; }
[[gnu::constructor(102)]] void hold_waits_over_fork() {
  hold_over_fork<tables_mutex, count_fork>();
}

Tables& tables() {
  // Never destroyed: locks are also used during static destruction.
  static auto* const instance = new Tables;
  return *instance;
}

// From 0 to below 1. Marsaglia's xorshift64; the seed differs from thread to thread.
double random_share() noexcept {
  constinit static thread_local std::uint64_t state = 0;
  if (state == 0) state = reinterpret_cast<std::uintptr_t>(&state) * 0x9E3779B97F4A7C15ULL | 1U;
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return static_cast<double>(state >> 11U) * 0x1p-53;
}

// The share of waits of this length that is kept: the rule of Go's runtime/mprof.go.
double share_of(std::int64_t delay_ns, std::int64_t rate_ns) noexcept {
  return std::min(1.0, static_cast<double>(delay_ns) / static_cast<double>(rate_ns));
}

// Keeps the wait with probability `share`, as 1 / share of them.
void record(Table Tables::*table, std::int64_t delay_ns, double share, const void* return_address) {
  if (delay_ns <= 0 || random_share() >= share) return;
  learn_own_stack();
  std::array<std::uintptr_t, kMaxStackDepth> stack;  // NOLINT(*-member-init): filled below
  const std::size_t depth = capture_own_stack(stack.data(), stack.size(), return_address);
  std::vector<std::uintptr_t> key(stack.data(), stack.data() + depth);
  const std::lock_guard lock(tables_mutex);
  Sums& sums = (tables().*table)[std::move(key)];
  sums.contentions += 1 / share;
  sums.delay_ns += static_cast<double>(delay_ns) / share;
}

Profile profile_of(Table Tables::*table, const std::string& rate) {
  Profile profile;
  profile.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile.period_type = {"contentions", "count"};
  profile.period = 1;
  profile.time = std::chrono::system_clock::now();
  if (rate.starts_with(kOff)) profile.comments.push_back(rate);
  const std::lock_guard lock(tables_mutex);
  for (const auto& [stack, sums] : tables().*table) {
    profile.samples.push_back(
        {stack, {std::llround(sums.contentions), std::llround(sums.delay_ns)}, {}});
  }
  return profile;
}

}  // namespace

constinit std::atomic<std::uint64_t> forks_before{0};

Profile block_profile() { return profile_of(&Tables::block, block_rate_description()); }
Profile mutex_profile() { return profile_of(&Tables::mutex, mutex_rate_description()); }

void set_block_rate(std::chrono::nanoseconds rate) { block_rate_ns = rate.count(); }
void set_mutex_fraction(int fraction) { mutex_fraction = fraction; }

std::string block_rate_description() {
  const std::int64_t rate = block_rate_ns;
  if (rate == 0) {
    return kOff + std::string("PPROF_BLOCK_RATE_NS or pprof::set_block_profile_rate() is 0.");
  }
  return "One wait for each " + std::to_string(rate) + " ns of waiting.";
}

std::string mutex_rate_description() {
  const int fraction = mutex_fraction;
  if (fraction == 0) {
    return kOff + std::string("PPROF_MUTEX_FRACTION or pprof::set_mutex_profile_fraction() is 0.");
  }
  return fraction == 1 ? "" : "One wait of " + std::to_string(fraction) + ".";
}

void record_block(std::int64_t delay_ns, const void* return_address) noexcept try {
  const std::int64_t rate = block_rate_ns.load(std::memory_order_relaxed);
  if (rate == 0) return;
  record(&Tables::block, delay_ns, share_of(delay_ns, rate), return_address);
} catch (const std::exception&) {  // no memory: the wait is not recorded
}

void record_mutex(std::int64_t delay_ns, const void* return_address) noexcept try {
  const int fraction = mutex_fraction.load(std::memory_order_relaxed);
  if (fraction == 0) return;
  record(&Tables::mutex, delay_ns, share_of(delay_ns, kShortWaitNs) / fraction, return_address);
} catch (const std::exception&) {  // no memory: the wait is not recorded
}

}  // namespace pprof::internal
