// A ByteSource that delivers given bytes in pieces of a given size, then ends. Used by the reader's
// tests and its fuzzer.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/server/request_reader.h"

namespace service::testing {

class ScriptedSource final : public ByteSource {
 public:
  ScriptedSource(std::string bytes, std::size_t piece, Status at_end = Status::kEnd)
      : bytes_(std::move(bytes)), piece_(piece), at_end_(at_end) {}

  Result read_idle(char* to, std::size_t size) override { return read(to, size); }
  Result read_more(char* to, std::size_t size, Deadline deadline) override {
    deadlines_.push_back(deadline);
    sizes_.push_back(size);
    return read(to, size);
  }
  // One per read_more, in order.
  const std::vector<Deadline>& deadlines() const { return deadlines_; }
  // Of the memory that each read_more was given.
  const std::vector<std::size_t>& sizes() const { return sizes_; }

 private:
  Result read(char* to, std::size_t size) {
    const std::size_t part = std::min({size, piece_, bytes_.size() - position_});
    if (part == 0) return {at_end_, 0};
    bytes_.copy(to, part, position_);
    position_ += part;
    return {Status::kData, part};
  }

  std::string bytes_;
  std::size_t position_ = 0;
  std::size_t piece_;
  Status at_end_;
  std::vector<Deadline> deadlines_;
  std::vector<std::size_t> sizes_;
};

}  // namespace service::testing
