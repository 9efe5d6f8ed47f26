// Stand-ins and helpers of the contract suite.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/transport.h"

namespace service {

// Keeps every packet. Thread-safe.
class RecordingTransport final : public Transport {
 public:
  std::vector<std::string> packets() const;

 private:
  bool deliver(std::string_view packet) override;

  mutable std::mutex mutex_;
  std::vector<std::string> packets_;
};

// A file in a directory that goes away with the object.
class TempFile {
 public:
  TempFile();
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  std::string path() const { return directory_ / "file"; }
  std::string text() const;
  std::vector<std::string> lines() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace service
