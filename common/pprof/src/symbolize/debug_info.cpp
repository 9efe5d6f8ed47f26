// A libdwfl session of one module; see debug_info.h.
#include "symbolize/debug_info.h"

#include <dwarf.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "symbolize/compilation_unit.h"
#include "symbolize/debug_link.h"
#include "symbolize/demangle.h"

namespace pprof::internal {
namespace {

// As objects are looked up by build-id, or by the name and checksum in .gnu_debuglink; never on the
// network, which is why dwfl_standard_find_debuginfo (it may ask a debuginfod server) is not
// called.
int find_debug_file(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base,
                    const char* object, const char* link, GElf_Word checksum, char** found) {
  const int descriptor =
      dwfl_build_id_find_debuginfo(module, data, name, base, object, link, checksum, found);
  if (descriptor >= 0 || object == nullptr || link == nullptr) return descriptor;
  FileHandle file = open_debug_link(object, link, checksum, *found);
  return file.release();
}

char* debug_path = nullptr;  // null: libdwfl's default, ".debug:/usr/lib/debug"
const Dwfl_Callbacks kCallbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = find_debug_file,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

// True if the object's debug information is where a distribution puts that of its packages. Only
// the names are taken from there for a library: lines of source that nobody has here are not worth
// the time and memory (150 ms and 10 MB for the C library).
bool has_system_debug_file(Dwfl_Module* module) {
  dwfl_module_getsymtab(module);  // opens the file, but does not unpack its DWARF
  const char* path = nullptr;
  dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, &path);
  return path != nullptr && std::string_view(path).starts_with(kSystemDebugDirectory);
}

}  // namespace

DebugInfo::DebugInfo(Module& module, bool is_executable) : is_executable_(is_executable) {
  open(module);
}

DebugInfo::~DebugInfo() {
  units_.clear();
  dwfl_end(session_);
}

void DebugInfo::open(Module& module) {
  if (!module.file.is_open()) return;
  session_ = dwfl_begin(&kCallbacks);
  if (session_ == nullptr) return;
  dwfl_report_begin(session_);
  const char* name = module.mapping.file.c_str();
  const int descriptor = module.file.release();
  module_ = dwfl_report_elf(session_, name, name, descriptor, module.bias, true);
  if (module_ == nullptr) close(descriptor);
  dwfl_report_end(session_, nullptr, nullptr);
}

// Units are found by their own ranges: clang writes no .debug_aranges, which libdwfl relies on.
void DebugInfo::index_units() {
  if (is_indexed_) return;
  is_indexed_ = true;
  if (!is_executable_ && has_system_debug_file(module_)) return;
  Dwarf_Addr bias = 0;
  for (Dwarf_Die* unit = nullptr; (unit = dwfl_module_nextcu(module_, unit, &bias)) != nullptr;) {
    dwarf_bias_ = bias;
    const int tag = dwarf_tag(unit);
    if (tag != DW_TAG_compile_unit && tag != DW_TAG_skeleton_unit) continue;
    units_.push_back(std::make_unique<CompilationUnit>(*unit));
    Dwarf_Addr base = 0;
    Dwarf_Addr low = 0;
    Dwarf_Addr high = 0;
    for (std::ptrdiff_t at = 0; (at = dwarf_ranges(unit, at, &base, &low, &high)) > 0;) {
      if (low != 0 && low < high) ranges_.push_back({low, high, units_.size() - 1});
    }
  }
  std::ranges::sort(ranges_, {}, &UnitRange::low);
}

CompilationUnit* DebugInfo::unit_at(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(ranges_, address, {}, &UnitRange::low);
  if (next == ranges_.begin()) return nullptr;
  --next;
  return address < next->high ? units_[next->unit].get() : nullptr;
}

const char* DebugInfo::symbol_at(std::uintptr_t address) {
  GElf_Off offset = 0;
  GElf_Sym symbol;
  return dwfl_module_addrinfo(module_, address, &offset, &symbol, nullptr, nullptr, nullptr);
}

bool DebugInfo::has_units() {
  if (module_ != nullptr) index_units();
  return !units_.empty();
}

std::string DebugInfo::unread_file_at(std::uintptr_t address) {
  CompilationUnit* unit = has_units() ? unit_at(address - dwarf_bias_) : nullptr;
  return unit == nullptr ? std::string() : unit->unread_file();
}

std::vector<Frame> DebugInfo::frames_at(std::uintptr_t address) {
  if (module_ == nullptr) return {};
  index_units();
  const char* symbol = symbol_at(address);
  const std::uint64_t in_dwarf = address - dwarf_bias_;
  if (CompilationUnit* unit = unit_at(in_dwarf); unit != nullptr) {
    std::vector<Frame> frames = unit->frames_at(in_dwarf, symbol);
    if (!frames.empty()) return frames;
  }
  if (symbol == nullptr) return {};
  const std::string_view versioned(symbol);
  const std::string name(versioned.substr(0, versioned.find('@')));  // without "@@GLIBC_2.3.2"
  return {{short_name(demangle(name)), name, {}, 0, 0}};
}

}  // namespace pprof::internal
