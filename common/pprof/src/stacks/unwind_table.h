// The unwind rules of one loaded object, as a sorted table in memory of its own: 4 bytes for each
// place where the rule changes. Built by objects.cpp outside signal handlers, then never changed.
// Thread-safety: find() on any thread, also in signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stacks/rule.h"

namespace pprof::internal {

struct UnwindRow {
  std::uint16_t low;   // of the offset from `text`: the rule holds from here to the next row
  std::uint16_t rule;  // its index
};

struct UnwindTable {
  std::size_t bytes;               // of this object and what it points to: one mapping
  std::uintptr_t text;             // where the first function begins
  std::uint32_t blocks;            // of 1 KiB of code
  const std::uint32_t* first_row;  // for each block, and the number of rows
  const UnwindRow* rows;
  const Rule* rules;

  // The rule for the instruction at `pc`. Async-signal-safe.
  const Rule& find(std::uintptr_t pc) const noexcept;
};

// A copy of some bytes of an object, and where the original lies.
struct ObjectBytes {
  std::span<const unsigned char> bytes;
  std::uintptr_t address;
};

// One function in the list that linkers write into .eh_frame_hdr, in the order of addresses: where
// it begins, and its record in .eh_frame; both counted from the begin of .eh_frame_hdr.
struct ListedFunction {
  std::int32_t begin;
  std::int32_t record;
};

// Interprets the records of the functions. Null if there is no memory or no function. Allocates
// with mmap() only, since the caller may be inside malloc.
const UnwindTable* build_unwind_table(std::span<const ListedFunction> functions,
                                      std::uintptr_t list_base, ObjectBytes eh_frame);
void free_unwind_table(const UnwindTable* table);

}  // namespace pprof::internal
