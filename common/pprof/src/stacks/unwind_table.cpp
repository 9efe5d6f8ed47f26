// See unwind_table.h.
#include "stacks/unwind_table.h"

#include <algorithm>
#include <limits>

#include "stacks/cfi.h"
#include "stacks/pages.h"

namespace pprof::internal {
namespace {

constexpr unsigned kBlockBits = 10;
constexpr std::size_t kMaxRules = 65'535;
constexpr Rule kNoRule{};

std::uint64_t hash_of(const Rule& rule) {
  std::uint64_t hash = static_cast<std::uint64_t>(rule.cfa) << 8U | rule.cfa_register;
  for (const auto part :
       {rule.cfa_offset, rule.fp.offset, rule.extra.offset, rule.return_address.offset,
        static_cast<std::int32_t>(rule.fp.where), static_cast<std::int32_t>(rule.extra.where)}) {
    hash = (hash ^ static_cast<std::uint32_t>(part)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
  }
  return hash;
}

// Collects rows; equal rules are kept once.
class Builder {
 public:
  Builder(std::uintptr_t text, std::size_t max_rows)
      : text_(text), rows_(max_rows), offsets_(max_rows), rules_(kMaxRules), places_(2 * 65'536) {
    if (has_memory()) index_of(Rule{});  // is number 0, which stands in for one too many
  }

  bool has_memory() const {
    return rows_.data() != nullptr && offsets_.data() != nullptr && rules_.data() != nullptr &&
           places_.data() != nullptr;
  }

  void add(std::uintptr_t pc, const Rule& rule) {
    const std::uintptr_t offset = pc - text_;
    if (offset > std::numeric_limits<std::uint32_t>::max()) return;
    // A function may begin before the one listed before it ends: the list's order counts.
    while (count_ > 0 && offsets_.data()[count_ - 1] >= offset) --count_;
    const std::uint16_t index = index_of(rule);
    if (count_ > 0 && rows_.data()[count_ - 1].rule == index) return;
    if (count_ == rows_.size()) return;
    offsets_.data()[count_] = static_cast<std::uint32_t>(offset);
    rows_.data()[count_++] = {static_cast<std::uint16_t>(offset), index};
  }

  const UnwindTable* finish() const {
    if (count_ == 0) return nullptr;
    const std::uint32_t blocks = (offsets_.data()[count_ - 1] >> kBlockBits) + 1;
    const std::size_t bytes = sizeof(UnwindTable) + rule_count_ * sizeof(Rule) +
                              (blocks + 1) * sizeof(std::uint32_t) + count_ * sizeof(UnwindRow);
    Pages<unsigned char> memory(bytes);
    if (memory.data() == nullptr) return nullptr;
    auto* const table = reinterpret_cast<UnwindTable*>(memory.release());
    auto* const rules = reinterpret_cast<Rule*>(table + 1);
    auto* const first_row = reinterpret_cast<std::uint32_t*>(rules + rule_count_);
    auto* const rows = reinterpret_cast<UnwindRow*>(first_row + blocks + 1);
    std::copy_n(rules_.data(), rule_count_, rules);
    std::copy_n(rows_.data(), count_, rows);
    std::uint32_t row = 0;
    for (std::uint32_t block = 0; block <= blocks; ++block) {
      while (row < count_ && offsets_.data()[row] >> kBlockBits < block) ++row;
      first_row[block] = row;
    }
    *table = {bytes, text_, blocks, first_row, rows, rules};
    return table;
  }

 private:
  std::uint16_t index_of(const Rule& rule) {
    std::size_t place = hash_of(rule) % places_.size();
    while (places_.data()[place] != 0) {  // 0: free; else an index + 1
      const auto index = static_cast<std::uint16_t>(places_.data()[place] - 1);
      if (rules_.data()[index] == rule) return index;
      place = (place + 1) % places_.size();
    }
    if (rule_count_ == kMaxRules) return 0;
    places_.data()[place] = static_cast<std::uint16_t>(rule_count_ + 1);
    rules_.data()[rule_count_] = rule;
    return static_cast<std::uint16_t>(rule_count_++);
  }

  std::uintptr_t text_;
  Pages<UnwindRow> rows_;
  Pages<std::uint32_t> offsets_;
  Pages<Rule> rules_;
  Pages<std::uint16_t> places_;
  std::size_t count_ = 0;
  std::size_t rule_count_ = 0;
};

}  // namespace

const Rule& UnwindTable::find(std::uintptr_t pc) const noexcept {
  const std::uintptr_t offset = pc - text;
  if (offset >> kBlockBits >= blocks) return kNoRule;
  const std::uint32_t* const block = first_row + (offset >> kBlockBits);
  const auto low = static_cast<std::uint16_t>(offset);
  const UnwindRow* const behind =
      std::upper_bound(rows + block[0], rows + block[1], low,
                       [](std::uint16_t value, const UnwindRow& row) { return value < row.low; });
  return behind == rows ? kNoRule : rules[behind[-1].rule];
}

const UnwindTable* build_unwind_table(std::span<const ListedFunction> functions,
                                      std::uintptr_t list_base, ObjectBytes eh_frame) {
  const auto at = [list_base](std::int32_t offset) {
    return list_base + static_cast<std::uintptr_t>(std::intptr_t{offset});
  };
  if (functions.empty()) return nullptr;
  // A program needs two bytes for a new rule.
  Builder builder(at(functions.front().begin), eh_frame.bytes.size() / 2 + 2 * functions.size());
  if (!builder.has_memory()) return nullptr;
  CfiSection section(eh_frame);
  for (const ListedFunction& function : functions) {
    section.read_function(at(function.record), [&builder](std::uintptr_t pc, const Rule& rule) {
      builder.add(pc, rule);
    });
  }
  return builder.finish();
}

void free_unwind_table(const UnwindTable* table) {
  if (table != nullptr) munmap(const_cast<UnwindTable*>(table), table->bytes);
}

}  // namespace pprof::internal
