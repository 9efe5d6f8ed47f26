// Writes log lines. Thread-safe.
#pragma once

#include <pprof/mutex.h>

#include <chrono>
#include <string>

#include "log_file.h"

namespace service {

class Logger {
 public:
  explicit Logger(LogFile& file, LogLevel = LogLevel::kDebug) : file_(file) {}

  void request(const std::string& url, const std::string& client_ip, const std::string& user_agent);
  void timing(const std::string& name, std::chrono::nanoseconds elapsed);
  void flush() {}

 private:
  void write_line(const std::string& message);

  pprof::Mutex mutex_;
  LogFile& file_;
};

}  // namespace service
