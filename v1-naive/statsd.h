// StatsD client. Thread-safe.
#pragma once

#include <string>
#include <utility>

#include "metrics/statsd_options.h"
#include "metrics/transport.h"

namespace service {

class StatsD {
 public:
  StatsD(Transport& transport, StatsDOptions options)
      : transport_(transport), options_(std::move(options)) {}

  void timing(const std::string& name, double milliseconds) { send(name, "ms", milliseconds); }
  void increment(const std::string& name) { send(name, "c", 1); }
  void histogram(const std::string& name, double value) { send(name, "h", value); }

 private:
  void send(const std::string& name, const std::string& kind, double value);

  Transport& transport_;
  StatsDOptions options_;
};

}  // namespace service
