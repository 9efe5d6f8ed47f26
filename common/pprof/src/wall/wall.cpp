// See wall.h.
#include "wall/wall.h"

#include <algorithm>
#include <random>

#include "stacks/unwind.h"
#include "wall/sampler.h"

namespace pprof::internal {
namespace {

using Clock = WallSampler::Clock;

// 2 % of one processor.
constexpr int kCostFactor = 50;

}  // namespace

Profile wall_profile(std::chrono::nanoseconds duration, const Wanted& wanted) {
  prepare_unwinder();
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"wall", "nanoseconds"}};
  profile.period_type = {"wall", "nanoseconds"};
  profile.period = std::chrono::nanoseconds(kWallInterval).count();
  profile.time = std::chrono::system_clock::now();
  // Jitter, so that work with a rhythm of its own is not met at the same point each time.
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> jitter(0.5, 1.5);
  const auto start = Clock::now();
  WallSampler sampler(start);
  std::chrono::nanoseconds cost{0};
  auto last = start;
  while (last - start < duration && wanted()) {
    const auto pause = std::max<std::chrono::nanoseconds>(kWallInterval, kCostFactor * cost);
    const auto next = last + std::chrono::duration_cast<Clock::duration>(pause * jitter(random));
    wait_while_wanted(std::min(next, start + duration), wanted);
    last = Clock::now();
    cost = sampler.sample(last);
  }
  profile.duration = last - start;
  sampler.finish(last, profile);
  return profile;
}

}  // namespace pprof::internal
