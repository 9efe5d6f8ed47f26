// Names of functions from DWARF. Used by CompilationUnit; not thread-safe (libdw is not).
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>

namespace pprof::internal {

// The value of a constant attribute, or 0.
std::uint64_t unsigned_attribute(Dwarf_Die die, unsigned int attribute);

// The text of an attribute, also of the one behind an inlined call or a split unit; or empty.
std::string string_attribute(Dwarf_Die die, unsigned int attribute);

// The declaration behind an inlined call or an out-of-line copy: follows DW_AT_abstract_origin
// and DW_AT_specification to the end.
Dwarf_Die abstract_origin(Dwarf_Die function);

// The linker's name, or empty: functions that only their own file sees may have none.
std::string linkage_name(Dwarf_Die function);

// "ns::Class::function", built from the enclosing scopes.
std::string qualified_name(Dwarf_Die function);

}  // namespace pprof::internal
