// See sampler.h.
#include "metrics/sampler.h"

#include <random>

namespace service {

bool sampled(double rate) {
  if (rate >= 1) return true;
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(generator) < rate;
}

}  // namespace service
