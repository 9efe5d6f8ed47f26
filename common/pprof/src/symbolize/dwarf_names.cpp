// Attributes and scopes; see dwarf_names.h.
#include "symbolize/dwarf_names.h"

#include <dwarf.h>

#include <cstdlib>
#include <memory>
#include <span>

namespace pprof::internal {
namespace {

bool is_named_scope(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
         tag == DW_TAG_union_type || tag == DW_TAG_subprogram;
}

std::string scope_name(Dwarf_Die scope) {
  const char* name = dwarf_diename(&scope);
  if (name != nullptr) return name;
  switch (dwarf_tag(&scope)) {
    case DW_TAG_namespace:
      return "(anonymous namespace)";
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
      return "{lambda}";  // g++ names every class but a lambda's
    default:
      return "{unnamed}";
  }
}

}  // namespace

std::string string_attribute(Dwarf_Die die, unsigned int name) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&die, name, &attribute) == nullptr) return {};
  const char* text = dwarf_formstring(&attribute);
  return text == nullptr ? std::string() : std::string(text);
}

std::uint64_t unsigned_attribute(Dwarf_Die die, unsigned int name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(&die, name, &attribute) == nullptr) return 0;
  return dwarf_formudata(&attribute, &value) == 0 ? value : 0;
}

Dwarf_Die abstract_origin(Dwarf_Die function) {
  for (const unsigned int link : {DW_AT_abstract_origin, DW_AT_specification}) {
    Dwarf_Attribute attribute;
    Dwarf_Die target;
    while (dwarf_attr(&function, link, &attribute) != nullptr &&
           dwarf_formref_die(&attribute, &target) != nullptr) {
      function = target;
    }
  }
  return function;
}

std::string linkage_name(Dwarf_Die function) {
  const std::string name = string_attribute(function, DW_AT_linkage_name);
  return name.empty() ? string_attribute(function, DW_AT_MIPS_linkage_name) : name;
}

std::string qualified_name(Dwarf_Die function) {
  Dwarf_Die* scopes = nullptr;
  const int count = dwarf_getscopes_die(&function, &scopes);
  const std::unique_ptr<Dwarf_Die, decltype(&std::free)> owner(scopes, &std::free);
  std::string name;
  for (const Dwarf_Die& scope :
       std::span(scopes, count > 0 ? static_cast<std::size_t>(count) : 0)) {
    Dwarf_Die die = scope;
    if (!is_named_scope(dwarf_tag(&die))) continue;
    name = scope_name(die) + (name.empty() ? "" : "::") + name;
  }
  return name.empty() ? scope_name(function) : name;
}

}  // namespace pprof::internal
