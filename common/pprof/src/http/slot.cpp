// See slot.h.
#include "http/slot.h"

#include <algorithm>

namespace pprof::internal {

CaptureSlot::Lease::~Lease() {
  const std::scoped_lock lock(slot_.mutex_);
  slot_.taken_ = false;
}

std::unique_ptr<CaptureSlot::Lease> CaptureSlot::try_take(std::chrono::nanoseconds duration) {
  const std::scoped_lock lock(mutex_);
  if (taken_) return nullptr;
  taken_ = true;
  ends_ = std::chrono::steady_clock::now() + duration;
  return std::make_unique<Lease>(*this);
}

std::chrono::seconds CaptureSlot::wait_time() {
  const std::scoped_lock lock(mutex_);
  if (!taken_) return std::chrono::seconds(0);
  const auto left = ends_ - std::chrono::steady_clock::now();
  return std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(left));
}

}  // namespace pprof::internal
