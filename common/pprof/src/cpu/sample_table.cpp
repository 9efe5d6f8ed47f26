// Aggregation of CPU samples; see sample_table.h.
#include "cpu/sample_table.h"

#include "threads/tasks.h"

namespace pprof::internal {

void CpuSampleTable::drain(SampleRing& ring) {
  for (const CpuSample* sample = ring.front(); sample != nullptr; sample = ring.front()) {
    Key key;
    key.first.assign(sample->stack.begin(),
                     sample->stack.begin() + static_cast<std::ptrdiff_t>(sample->depth));
    append_labels(sample->labels, key.second);
    key.second.push_back(
        {"thread", sample->thread_name != nullptr ? sample->thread_name : name_of(*sample)});
    counts_[std::move(key)] += sample->periods;
    ring.pop();
  }
}

const std::string& CpuSampleTable::name_of(const CpuSample& sample) {
  const auto [entry, is_new] = kernel_names_.try_emplace(sample.tid);
  if (is_new) entry->second = kernel_thread_name(sample.tid);
  if (entry->second.empty()) entry->second = "(ended)";  // before its name could be read
  return entry->second;
}

void CpuSampleTable::append_to(Profile& profile) const {
  for (const auto& [key, count] : counts_) {
    profile.samples.push_back({key.first, {count, count * profile.period}, key.second});
  }
}

}  // namespace pprof::internal
