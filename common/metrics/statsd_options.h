// How a stage's StatsD client names and samples its metrics.
#pragma once

#include <string>

namespace service {

struct StatsDOptions {
  // Stands before every name, followed by a dot: letters, digits, '.', '_' and '-' only.
  std::string prefix = "leftpad";
  // Share of packets sent, 0.000001 to 1, at most six decimals; below 1 they carry `|@rate`.
  double sample_rate = 1;
};

}  // namespace service
