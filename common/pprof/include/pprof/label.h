// Labels the samples of the current thread, as Go's pprof.Do does: LabelScope("route", path).
// Called by request handlers, and by whatever moves work from thread to thread.
// Thread-safety: any thread; scopes may end on another thread than they began on, see Labels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pprof/version.h"

namespace pprof {

namespace internal {
struct LabelEntry;
}

// The labels in force at one moment, as a value (400 bytes): to start a thread with them, or to go
// on with them after co_await. Go's goroutines inherit theirs in the same way.
//
//   std::thread thread([labels = pprof::Labels::current()] {
//     const pprof::LabelScope scope(labels);
//
// A coroutine may keep a LabelScope over co_await if its executor does this: take the current
// labels where it suspends a coroutine, and hold a LabelScope of them around each resume(). See
// example/coroutines.cpp.
class [[gnu::visibility("default")]] Labels {
 public:
  Labels() = default;
  static Labels current() noexcept;

 private:
  friend class LabelScope;
  struct Label {
    std::uint64_t scope;  // that set it: its end takes the label away wherever it is carried to
    std::array<char, 24> key;
    std::array<char, 64> value;
  };
  std::size_t count_ = 0;
  std::array<Label, 4> labels_;  // innermost first, of equal keys only the innermost
};

// While it lives, CPU and wall samples, thread stacks and trace spans of this thread carry
// key=value. Scopes nest; of equal keys the innermost counts. Samples have at most 4 labels, the
// innermost. Key and value are copied, cut to 23 and 63 bytes between characters (UTF-8); null
// counts as "". A thread keeps 32 labels at once; deeper scopes do nothing. No memory is allocated,
// but for a thread's first label: 4 KiB, which the next thread gets when this one ends.
class [[gnu::visibility("default")]] LabelScope {
 public:
  LabelScope(const char* key, const char* value) noexcept;
  // The thread carries exactly `labels` in place of those it has, until the scope ends. Labels that
  // were set meanwhile and whose scopes have not ended also go: they belong to suspended work.
  explicit LabelScope(const Labels& labels) noexcept;
  ~LabelScope();
  LabelScope(const LabelScope&) = delete;
  LabelScope& operator=(const LabelScope&) = delete;

 private:
  internal::LabelEntry* first_ = nullptr;  // in memory that is never freed; null: does nothing
  std::uint64_t id_ = 0;                   // of the first entry; the next ones follow
  std::size_t count_ = 0;                  // of entries
  bool is_carried_ = false;
};

}  // namespace pprof
