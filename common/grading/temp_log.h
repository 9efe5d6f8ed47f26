// A log file that goes away with the object, for the probes.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace grading {

class TempLog {
 public:
  TempLog() = default;
  ~TempLog() { std::filesystem::remove(path_); }
  TempLog(const TempLog&) = delete;
  TempLog& operator=(const TempLog&) = delete;

  std::string path() const { return path_; }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("probe." + std::to_string(getpid()) + ".log");
};

}  // namespace grading
