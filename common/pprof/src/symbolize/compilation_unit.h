// The functions of one DWARF compilation unit, indexed by address when first asked.
// Used by DebugInfo; not thread-safe. Addresses are those in the DWARF, without load bias.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbolize/symbol.h"

namespace pprof::internal {

class CompilationUnit {
 public:
  explicit CompilationUnit(const Dwarf_Die& die) : die_(die), content_(die) {}

  // The functions at `address`, innermost inlined one first; empty if the unit has none there.
  // `symbol` (may be null) is the linker's name there, for functions whose DWARF gives none.
  std::vector<Frame> frames_at(std::uint64_t address, const char* symbol);

  // The .dwo file with the functions (-gsplit-dwarf), if it was not found; else empty.
  const std::string& unread_file();

 private:
  struct Range {
    std::uint64_t low = 0, high = 0;
    Dwarf_Die function{};
  };
  struct Names {
    std::string name, system_name, file;
    std::int64_t line = 0;
  };

  void index();
  void open_split_unit();
  void index_children(Dwarf_Die parent);
  void index_ranges(Dwarf_Die function);
  const Dwarf_Die* function_at(std::uint64_t address) const;
  const Names& names_of(Dwarf_Die function);
  // The file whose number in the line table is the attribute's value; empty without the attribute.
  // Numbers begin at 0 since DWARF 5, where clang gives 0 to the unit's own source; before, 0 means
  // no file. dwarf_decl_file() of elfutils 0.188 takes 0 for none in every version.
  std::string file_named_by(Dwarf_Die die, unsigned int attribute) const;
  // A relative path starts at the directory in which the compiler ran. ".." stays, as addr2line
  // leaves it: without the symbolic links there, nobody can tell where it leads. Null gives "".
  std::string absolute_source(const char* path) const;

  Dwarf_Die die_;      // with the lines and the addresses
  Dwarf_Die content_;  // with the functions: another one, in a .dwo file, if the unit is split
  std::string unread_file_;
  bool is_indexed_ = false;
  std::vector<Range> ranges_;  // by low address
  std::unordered_map<Dwarf_Off, Names> names_;
};

}  // namespace pprof::internal
