// How a stage's StatsD client names and samples its metrics.
#pragma once

#include <string>

namespace service {

struct StatsDOptions {
  std::string prefix = "leftpad";  // stands before every name, followed by a dot
  double sample_rate = 1;          // share of packets sent, 0 to 1; below 1 they carry `|@rate`
};

}  // namespace service
