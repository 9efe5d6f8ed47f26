// See labels.h.
#include "threads/labels.h"

#include <cstring>

#include "pprof/label.h"
#include "threads/bounded_text.h"

namespace pprof::internal {

void copy_current_labels(LabelSet& out) noexcept {
  out.count = 0;
  for (const LabelScope* scope = LabelScope::innermost();
       scope != nullptr && out.count < kMaxLabels; scope = scope->outer()) {
    LabelCopy& copy = out.labels[out.count];
    copy_bounded(copy.key, scope->key());
    bool hidden = false;
    for (std::size_t i = 0; i < out.count; ++i) {
      hidden = hidden || std::strcmp(out.labels[i].key.data(), copy.key.data()) == 0;
    }
    if (!hidden) {
      copy_bounded(copy.value, scope->value());
      ++out.count;
    }
  }
}

void append_labels(const LabelSet& set, std::vector<Label>& out) {
  for (std::size_t i = 0; i < set.count; ++i) {
    out.push_back({set.labels[i].key.data(), set.labels[i].value.data()});
  }
}

}  // namespace pprof::internal
