// Functions, files and lines of one object, from its DWARF and its symbol table, by elfutils libdw.
// Used by the symbolizer under its lock; not thread-safe.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "symbolize/modules.h"
#include "symbolize/symbol.h"

namespace pprof::internal {

class CompilationUnit;

class DebugInfo {
 public:
  // Takes over the module's open file. Without one (or without debug information) frames_at()
  // gives less, but never fails.
  DebugInfo(Module& module, bool is_executable);
  ~DebugInfo();
  DebugInfo(const DebugInfo&) = delete;
  DebugInfo& operator=(const DebugInfo&) = delete;

  // True if functions, files and lines come from DWARF.
  bool has_units();
  // The .dwo file with the functions at a run-time address, if it was not found; else empty.
  std::string unread_file_at(std::uintptr_t address);
  // The functions at a run-time address, innermost inlined one first. With no debug information:
  // one frame named from the symbol table, or none.
  std::vector<Frame> frames_at(std::uintptr_t address);

 private:
  struct UnitRange {
    std::uint64_t low = 0, high = 0;
    std::size_t unit = 0;
  };

  void open(Module& module);
  void index_units();
  CompilationUnit* unit_at(std::uint64_t address) const;
  const char* symbol_at(std::uintptr_t address);

  bool is_executable_;
  Dwfl* session_ = nullptr;
  Dwfl_Module* module_ = nullptr;
  bool is_indexed_ = false;
  std::uint64_t dwarf_bias_ = 0;  // run-time address minus address in the DWARF
  std::vector<std::unique_ptr<CompilationUnit>> units_;
  std::vector<UnitRange> ranges_;  // by low address
};

}  // namespace pprof::internal
