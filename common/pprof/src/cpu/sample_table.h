// Adds up equal CPU samples. Used by cpu_profile() on the capturing thread; not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cpu/sample_ring.h"
#include "profile.h"

namespace pprof::internal {

class CpuSampleTable {
 public:
  // Takes everything out of the ring.
  void drain(SampleRing& ring);
  // Appends one sample {count, count * period} for each different stack and labels.
  void append_to(Profile& profile) const;

 private:
  using Key = std::pair<std::vector<std::uintptr_t>, std::vector<Label>>;

  const std::string& name_of(const CpuSample& sample);

  std::map<Key, std::int64_t> counts_;
  std::map<pid_t, std::string> kernel_names_;
};

}  // namespace pprof::internal
