// Unpacks what the profiles are packed with.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace pprof {

// The contents of one gzip member; less, and a failed test, if it is broken.
inline std::string gunzip(const std::string& packed) {
  std::string unpacked;
  std::string part(1 << 16, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(part, 0, part.size() - stream.avail_out);
  }
  EXPECT_EQ(status, Z_STREAM_END);
  inflateEnd(&stream);
  return unpacked;
}

}  // namespace pprof
