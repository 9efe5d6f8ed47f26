// The labels that LabelScope puts on the calling thread. Called by every capture that has labels.
// Thread-safety: any thread; copy_current_labels() also in a signal handler.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "profile.h"

namespace pprof::internal {

inline constexpr std::size_t kMaxLabels = 4;

// A copy of a label, cut to fit at a character boundary.
struct LabelCopy {
  std::array<char, 24> key;
  std::array<char, 64> value;
  bool operator==(const LabelCopy& other) const {
    return std::string_view(key.data()) == other.key.data() &&
           std::string_view(value.data()) == other.value.data();
  }
};

// The labels in force, innermost first; of equal keys only the innermost. Unused entries are not
// initialized.
struct LabelSet {
  std::size_t count = 0;
  std::array<LabelCopy, kMaxLabels> labels;
};

// Fills `out` with the labels of the calling thread. Async-signal-safe.
void copy_current_labels(LabelSet& out) noexcept;

// Appends the labels as profile labels.
void append_labels(const LabelSet& set, std::vector<Label>& out);

}  // namespace pprof::internal
