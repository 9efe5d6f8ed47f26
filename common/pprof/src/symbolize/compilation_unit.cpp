// Walking one unit's DWARF; see compilation_unit.h. Terms are those of DWARF 5, sections 3.3.
#include "symbolize/compilation_unit.h"

#include <dwarf.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "symbolize/demangle.h"
#include "symbolize/dwarf_names.h"

namespace pprof::internal {
namespace {

// What may contain a function: a lambda's body, for instance, lies in a class in a block.
bool may_contain_functions(int tag) {
  switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
      return true;
    default:
      return false;
  }
}

// The inlined call or block of `parent` that covers `address`.
std::optional<Dwarf_Die> scope_at(Dwarf_Die parent, std::uint64_t address) {
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) return std::nullopt;
  do {
    const int tag = dwarf_tag(&child);
    const bool is_scope = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
    if (is_scope && dwarf_haspc(&child, address) > 0) return child;
  } while (dwarf_siblingof(&child, &child) == 0);
  return std::nullopt;
}

// The function and the calls inlined into it at `address`, outermost first.
std::vector<Dwarf_Die> inline_chain(Dwarf_Die function, std::uint64_t address) {
  std::vector<Dwarf_Die> chain = {function};
  for (auto scope = scope_at(function, address); scope; scope = scope_at(*scope, address)) {
    if (dwarf_tag(&*scope) == DW_TAG_inlined_subroutine) chain.push_back(*scope);
  }
  return chain;
}

}  // namespace

std::vector<Frame> CompilationUnit::frames_at(std::uint64_t address, const char* symbol) {
  index();
  const Dwarf_Die* function = function_at(address);
  if (function == nullptr) return {};
  std::string file;
  std::int64_t line = 0;
  if (Dwarf_Line* row = dwarf_getsrc_die(&die_, address); row != nullptr) {
    int number = 0;
    if (dwarf_lineno(row, &number) == 0) line = number;
    file = absolute_source(dwarf_linesrc(row, nullptr, nullptr));
  }
  std::vector<Frame> frames;
  std::vector<Dwarf_Die> chain = inline_chain(*function, address);
  for (auto die = chain.rbegin(); die != chain.rend(); ++die) {
    const Names& names = names_of(*die);
    // pprof looks for a function's source in the file that the function names.
    frames.push_back({names.name, names.system_name, file.empty() ? names.file : file,
                      line != 0 ? line : names.line, names.line});
    file = file_named_by(*die, DW_AT_call_file);
    line = static_cast<std::int64_t>(unsigned_attribute(*die, DW_AT_call_line));
  }
  Frame& outermost = frames.back();
  const bool has_linkage_name = outermost.system_name != outermost.name;
  if (!has_linkage_name && symbol != nullptr && std::string_view(symbol).starts_with("_Z")) {
    outermost.system_name = symbol;
    outermost.name = short_name(demangle(symbol));
  }
  return frames;
}

void CompilationUnit::index() {
  if (is_indexed_) return;
  is_indexed_ = true;
  open_split_unit();
  index_children(content_);
  std::ranges::sort(ranges_, {}, &Range::low);
}

// libdw looks for the .dwo file beside the object, then in the directory of the compilation.
void CompilationUnit::open_split_unit() {
  std::uint8_t type = 0;
  Dwarf_Die split{};
  if (dwarf_cu_info(die_.cu, nullptr, &type, nullptr, &split, nullptr, nullptr, nullptr) != 0 ||
      type != DW_UT_skeleton) {
    return;
  }
  if (split.addr != nullptr) {
    content_ = split;
    return;
  }
  std::string name = string_attribute(die_, DW_AT_dwo_name);
  if (name.empty()) name = string_attribute(die_, DW_AT_GNU_dwo_name);  // DWARF 4
  unread_file_ = absolute_source(name.c_str());
}

const std::string& CompilationUnit::unread_file() {
  index();
  return unread_file_;
}

void CompilationUnit::index_children(Dwarf_Die parent) {  // NOLINT(misc-no-recursion)
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_subprogram) index_ranges(child);
    if (may_contain_functions(tag)) index_children(child);
  } while (dwarf_siblingof(&child, &child) == 0);
}

void CompilationUnit::index_ranges(Dwarf_Die function) {
  Dwarf_Addr base = 0;
  Dwarf_Addr low = 0;
  Dwarf_Addr high = 0;
  for (std::ptrdiff_t at = 0; (at = dwarf_ranges(&function, at, &base, &low, &high)) > 0;) {
    // The linker leaves functions that it dropped at address 0.
    if (low != 0 && low < high) ranges_.push_back({low, high, function});
  }
}

const Dwarf_Die* CompilationUnit::function_at(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(ranges_, address, {}, &Range::low);
  if (next == ranges_.begin()) return nullptr;
  --next;
  return address < next->high ? &next->function : nullptr;
}

const CompilationUnit::Names& CompilationUnit::names_of(Dwarf_Die function) {
  const Dwarf_Die origin = abstract_origin(function);
  const auto [entry, is_new] = names_.try_emplace(dwarf_dieoffset(&function));
  Names& names = entry->second;
  if (!is_new) return names;
  names.system_name = linkage_name(function);
  names.name = names.system_name.empty() ? qualified_name(origin) : demangle(names.system_name);
  names.name = short_name(names.name);
  if (names.system_name.empty()) names.system_name = names.name;
  Dwarf_Die declaration = origin;
  int line = 0;
  if (dwarf_decl_line(&declaration, &line) == 0) names.line = line;
  names.file = file_named_by(declaration, DW_AT_decl_file);
  return names;
}

std::string CompilationUnit::file_named_by(Dwarf_Die die, unsigned int attribute) const {
  Dwarf_Half version = 0;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  Dwarf_Die unit = content_;
  if (dwarf_hasattr(&die, attribute) == 0 ||
      dwarf_cu_info(die_.cu, &version, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) != 0 ||
      dwarf_getsrcfiles(&unit, &files, &count) != 0) {
    return {};
  }
  const std::uint64_t index = unsigned_attribute(die, attribute);
  if ((index == 0 && version < 5) || index >= count) return {};
  return absolute_source(dwarf_filesrc(files, index, nullptr, nullptr));
}

std::string CompilationUnit::absolute_source(const char* path) const {
  if (path == nullptr || *path == '/') return path == nullptr ? "" : path;
  const std::string directory = string_attribute(die_, DW_AT_comp_dir);
  return directory.empty() ? path : directory + "/" + path;
}

}  // namespace pprof::internal
