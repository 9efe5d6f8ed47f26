// See support.h.
#include "tests/support.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace service {

std::vector<std::string> RecordingTransport::packets() const {
  std::lock_guard lock(mutex_);
  return packets_;
}

bool RecordingTransport::deliver(std::string_view packet) {
  std::lock_guard lock(mutex_);
  packets_.emplace_back(packet);
  return true;
}

TempFile::TempFile() {
  std::string name = std::filesystem::temp_directory_path() / "leftpad-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = name;
}

TempFile::~TempFile() { std::filesystem::remove_all(directory_); }

std::string TempFile::text() const {
  std::ostringstream out;
  out << std::ifstream(path(), std::ios::binary).rdbuf();
  return out.str();
}

std::vector<std::string> TempFile::lines() const {
  std::istringstream in(text());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace service
