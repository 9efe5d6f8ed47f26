// What the process knows of its threads: names given by ThreadScope, labels given by LabelScope.
// Called by every capture. Thread-safety: any thread; functions marked so also in a signal handler.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string>
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

// The ThreadScope name of the calling thread, or nullptr. The text stays valid until the process
// ends, so that samples may keep the pointer. Async-signal-safe.
const char* current_thread_name() noexcept;

// The calling thread's id, cached. Async-signal-safe.
pid_t current_tid() noexcept;

// Appends the labels as profile labels.
void append_labels(const LabelSet& set, std::vector<Label>& out);

// The ThreadScope name of `tid`, else its kernel name, else an empty text if it is gone.
std::string thread_name(pid_t tid);

// The kernel's name of `tid`, or an empty text if it is gone.
std::string kernel_thread_name(pid_t tid);

// The ids of all threads of this process, from /proc/self/task.
std::vector<pid_t> list_threads();

}  // namespace pprof::internal
