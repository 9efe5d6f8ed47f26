// Numbering for profile.proto; see proto_tables.h.
#include "encode/proto_tables.h"

#include <algorithm>

namespace pprof::internal {

std::int64_t StringTable::index_of(std::string_view text) {
  if (const auto found = index_.find(text); found != index_.end()) return found->second;
  const auto index = static_cast<std::int64_t>(texts_.size());
  index_.emplace(texts_.emplace_back(text), index);
  return index;
}

std::uint64_t LocationTable::id_of(std::uintptr_t address) {
  const auto [found, is_new] = ids_.try_emplace(address, entries_.size() + 1);
  if (!is_new) return found->second;
  const Location& location = symbols_.locate(address);
  Entry entry{found->second, mapping_id(location.mapping), address, {}};
  if (entry.mapping_id != 0) {
    UsedMapping& used = mappings_[entry.mapping_id - 1];
    ++(location.is_named ? used.named : used.unnamed);
    if (!location.unread_file.empty()) used.unread_files.insert(location.unread_file);
  }
  for (const Frame& frame : location.frames) {
    entry.lines.emplace_back(function_id(frame), frame.line);
  }
  entries_.push_back(std::move(entry));
  return found->second;
}

std::uint64_t LocationTable::mapping_id(const Mapping* mapping) {
  if (mapping == nullptr) return 0;
  const auto found = std::ranges::find(mappings_, mapping, &UsedMapping::mapping);
  if (found != mappings_.end()) return static_cast<std::uint64_t>(found - mappings_.begin()) + 1;
  mappings_.push_back({mapping});
  return mappings_.size();
}

std::uint64_t LocationTable::function_id(const Frame& frame) {
  const auto [found, is_new] = function_ids_.try_emplace(
      FunctionKey{frame.name, frame.system_name, frame.file}, functions_.size() + 1);
  if (is_new) functions_.push_back(&frame);
  return found->second;
}

}  // namespace pprof::internal
