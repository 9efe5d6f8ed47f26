// Interprets call frame information: the programs in .eh_frame, one for each function, that say how
// its frame looks at each instruction (DWARF 5, 6.4; Linux Standard Base, "Exception Frames").
// libdw reads the records. Its own interpreter runs a program up to one address, with malloc();
// here each is run once from begin to end. Used by unwind_table.cpp. Reads only the given bytes.
// Not thread-safe.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <optional>

#include "stacks/unwind_table.h"

namespace pprof::internal {

// Reads numbers from bytes. What lies behind their end reads as 0, and then ok() is false.
class ByteReader {
 public:
  // `address` is where the first byte lies in the object.
  ByteReader(const unsigned char* begin, const unsigned char* end, std::uintptr_t address)
      : at_(begin), end_(end), address_(address) {}

  template <class Number>
  Number number();
  std::uint64_t unsigned_leb();
  std::int64_t signed_leb() { return leb(true); }
  // A pointer in one of the encodings DW_EH_PE_* that compilers use in .eh_frame.
  std::uintptr_t pointer(unsigned char encoding);
  ByteReader sub_reader(std::uint64_t size);  // of the next `size` bytes, which are skipped

  bool at_end() const { return at_ == end_; }
  bool ok() const { return ok_; }

 private:
  std::int64_t leb(bool is_signed);

  const unsigned char* at_;
  const unsigned char* end_;
  std::uintptr_t address_;
  bool ok_ = true;
};

class CfiSection {
 public:
  // From the instruction at `pc` on, `rule` holds. Called in the order of addresses.
  using Row = std::function<void(std::uintptr_t pc, const Rule& rule)>;

  explicit CfiSection(ObjectBytes section);

  // The rows of the function whose record (FDE) lies at this address, and behind its end an empty
  // one. Ends early where the record cannot be understood.
  void read_function(std::uintptr_t record, const Row& row);

 private:
  struct Common {  // to several functions: a CIE
    Dwarf_Off offset = 0;
    Dwarf_CIE entry{};
    unsigned char encoding = 0;
    bool is_signal_frame = false;
    Rule initial;
  };
  class Program;

  bool read_entry(Dwarf_Off offset, Dwarf_CFI_Entry& entry) const;
  bool read_common(Dwarf_Off offset);
  ByteReader reader(const unsigned char* begin, const unsigned char* end) const;

  ObjectBytes section_;
  std::optional<Common> common_;
};

}  // namespace pprof::internal
