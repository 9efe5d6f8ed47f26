// gzip by zlib's one-shot deflate; see gzip.h.
#include "encode/gzip.h"

#include <zlib.h>

#include <stdexcept>

namespace pprof::internal {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // zlib: +16 asks for a gzip header
constexpr int kMemoryLevel = 8;

}  // namespace

std::string gzip(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("gzip: deflateInit2 failed: out of memory?");
  }
  std::string out(deflateBound(&stream, data.size()), '\0');
  // zlib does not write through next_in; its type lacks the const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("gzip: deflate failed");
  return out;
}

}  // namespace pprof::internal
