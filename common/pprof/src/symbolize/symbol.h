// What an address means: the mapping it lies in and the functions that were running there.
// The encoder and the text form ask a SymbolSource; Symbolizer is the real one, tests have a fake.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pprof::internal {

// One loaded executable segment.
struct Mapping {
  std::uint64_t start = 0;     // first address
  std::uint64_t limit = 0;     // first address after it
  std::uint64_t offset = 0;    // of `start` in the file, bytes
  std::string file;            // absolute, also when the file is gone
  std::string build_id;        // lower-case hex, or empty
  bool has_debug_info = true;  // so files, lines and inlined calls are known
  bool has_names = true;       // false: none were asked for; who reads the profile finds them
  bool operator==(const Mapping&) const = default;
};

struct Frame {
  std::string name;         // readable, without parameters and template arguments
  std::string system_name;  // as the linker knows it
  std::string file;         // empty when there is no debug information; absolute, unless the build
                            // made even its directory relative (-ffile-prefix-map)
  std::int64_t line = 0;
  std::int64_t start_line = 0;
  bool operator==(const Frame&) const = default;
};

struct Location {
  const Mapping* mapping = nullptr;  // lives as long as the source; null: nothing was loaded there
  std::vector<Frame> frames = {};    // innermost inlined function first; empty: unknown
  bool is_named = true;              // false: the frame has the object's name, "[libfoo.so]"
  std::string unread_file = {};      // of debug information, where it was not found; else empty
};

class SymbolSource {
 public:
  virtual ~SymbolSource() = default;
  // Never fails: an unknown address gives an empty Location. The reference stays valid as long
  // as the source.
  virtual const Location& locate(std::uintptr_t address) = 0;
  // The executable itself.
  virtual const Mapping& main_mapping() = 0;
};

}  // namespace pprof::internal
