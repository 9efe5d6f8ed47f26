// Candidates and their checksums; see debug_link.h.
#include "symbolize/debug_link.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <string>

namespace pprof::internal {
namespace {

// Reads the file from its start; leaves the position at its end.
bool has_checksum(int descriptor, std::uint32_t checksum) {
  std::array<unsigned char, 65536> buffer;
  uLong sum = crc32(0, nullptr, 0);
  ssize_t size = 0;
  while ((size = read(descriptor, buffer.data(), buffer.size())) > 0) {
    sum = crc32(sum, buffer.data(), static_cast<uInt>(size));
  }
  return size == 0 && sum == checksum;
}

}  // namespace

FileHandle open_debug_link(std::string_view object, std::string_view link, std::uint32_t checksum,
                           char*& found) {
  const std::string directory(object.substr(0, object.rfind('/') + 1));
  const std::string name(link.substr(link.rfind('/') + 1));
  const std::string below_system = std::string(kSystemDebugDirectory) + directory;
  for (const std::string& place : {directory, directory + ".debug/", below_system}) {
    const std::string path = place + name;
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    FileHandle file(descriptor);
    if (!file.is_open() || !has_checksum(descriptor, checksum)) continue;
    found = strdup(path.c_str());
    return file;
  }
  return FileHandle();
}

}  // namespace pprof::internal
