// The tables a profile.proto refers to by number: strings, mappings, locations, functions.
// Used by proto.cpp for one profile at a time; not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "symbolize/symbol.h"

namespace pprof::internal {

// Numbers strings in order of first use; 0 is the empty string, as the format demands.
class StringTable {
 public:
  StringTable() { index_of(""); }
  std::int64_t index_of(std::string_view text);
  const std::deque<std::string>& texts() const { return texts_; }

 private:
  std::deque<std::string> texts_;  // a deque, so that the keys below stay valid
  std::unordered_map<std::string_view, std::int64_t> index_;
};

// Numbers addresses from 1, and the mappings and functions that they lie in. Mapping 1 is
// always the executable. Points into `symbols`, which must outlive it.
class LocationTable {
 public:
  struct Entry {
    std::uint64_t id = 0;
    std::uint64_t mapping_id = 0;  // 0: none
    std::uint64_t address = 0;
    std::vector<std::pair<std::uint64_t, std::int64_t>> lines;  // function id, line
  };

  struct UsedMapping {
    const Mapping* mapping = nullptr;
    std::size_t named = 0, unnamed = 0;            // addresses
    std::set<std::string_view> unread_files = {};  // of debug information
  };

  explicit LocationTable(SymbolSource& symbols) : symbols_(symbols) {
    mapping_id(&symbols.main_mapping());
  }
  std::uint64_t id_of(std::uintptr_t address);
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<UsedMapping>& mappings() const { return mappings_; }
  const std::vector<const Frame*>& functions() const { return functions_; }

 private:
  using FunctionKey = std::tuple<std::string_view, std::string_view, std::string_view>;

  std::uint64_t mapping_id(const Mapping* mapping);
  std::uint64_t function_id(const Frame& frame);

  SymbolSource& symbols_;
  std::vector<Entry> entries_;
  std::unordered_map<std::uintptr_t, std::uint64_t> ids_;
  std::vector<UsedMapping> mappings_;
  std::vector<const Frame*> functions_;
  std::map<FunctionKey, std::uint64_t> function_ids_;
};

}  // namespace pprof::internal
