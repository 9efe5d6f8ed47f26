// Labels the samples of the current thread, as Go's pprof.Do does: LabelScope("route", path).
// Called by request handlers; read by the capture code from signal handlers on the same thread.
// Thread-safety: a LabelScope belongs to the thread that made it.
#pragma once

#include <atomic>

namespace pprof {

// While it lives, CPU and wall samples, thread stacks and trace spans of this thread carry
// key=value. Scopes nest; of equal keys the innermost counts. Scopes end in reverse order.
// `key` and `value` must outlive the scope; null counts as "". Samples hold a copy, cut to 23 bytes
// for the key and 63 for the value, and at most 4 labels. Costs two stores to thread-local memory.
class LabelScope {
 public:
  LabelScope(const char* key, const char* value) noexcept
      : key_(key != nullptr ? key : ""), value_(value != nullptr ? value : ""), outer_(innermost_) {
    std::atomic_signal_fence(std::memory_order_release);  // a handler sees whole scopes only
    innermost_ = this;
  }
  ~LabelScope() {
    innermost_ = outer_;
    std::atomic_signal_fence(std::memory_order_release);
  }
  LabelScope(const LabelScope&) = delete;
  LabelScope& operator=(const LabelScope&) = delete;

  // For the capture code: the scopes of this thread, innermost first. Async-signal-safe.
  static const LabelScope* innermost() noexcept { return innermost_; }
  const LabelScope* outer() const noexcept { return outer_; }
  const char* key() const noexcept { return key_; }
  const char* value() const noexcept { return value_; }

 private:
  const char* key_;
  const char* value_;
  const LabelScope* outer_;
  static inline constinit thread_local const LabelScope* volatile innermost_ = nullptr;
};

}  // namespace pprof
