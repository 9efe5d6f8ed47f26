// Names addresses of this process: one for all captures, so that each address is looked up once.
// Called by the endpoints when a capture is complete, never while one samples. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "symbolize/debug_info.h"
#include "symbolize/modules.h"
#include "symbolize/symbol.h"

namespace pprof::internal {

class Symbolizer : public SymbolSource {
 public:
  // The process's symbolizer, made at the first call. Never destroyed: captures may still end
  // while static objects go.
  static Symbolizer& instance();

  // Notes which objects are loaded now, and opens their files. Call it when a capture starts and
  // while it runs: addresses in an object closed before the next call cannot be named.
  void observe_modules();

  // A function without a name is called after its object: "[libfoo.so]".
  const Location& locate(std::uintptr_t address) override;
  const Mapping& main_mapping() override;

  // Where `address` lies, without a look at its names; null if nothing is loaded there.
  const Mapping* mapping_at(std::uintptr_t address);

  // A copy of one of its mappings, complete: at its first name a mapping changes (has_debug_info).
  Mapping copy_of(const Mapping& mapping);

  // The name of the innermost function at `address`, as locate() gives it; "" if nothing was loaded
  // there. Remembers nothing: a client chooses the addresses.
  std::string name_of(std::uintptr_t address);

 private:
  using AddressCache = std::unordered_map<std::uintptr_t, Location>;

  DebugInfo& debug_info(Module& module);

  std::mutex mutex_;
  ModuleTable modules_;
  std::unordered_map<const Module*, std::unique_ptr<DebugInfo>> debug_infos_;
  // By module, since a closed object's addresses may come to mean another one's. Only addresses
  // of captured code come here, so the cache is bounded by the program's size. Nodes do not move.
  std::unordered_map<const Module*, AddressCache> cache_;
};

// Mappings alone, for a profile that is named where it is read. For one encoding by one thread.
class Addresses : public SymbolSource {
 public:
  explicit Addresses(Symbolizer& symbols) : symbols_(symbols) {}
  const Location& locate(std::uintptr_t address) override;
  const Mapping& main_mapping() override;

 private:
  const Mapping& without_names(const Mapping& mapping);

  Symbolizer& symbols_;
  std::map<const Mapping*, Mapping> mappings_;
  std::map<const Mapping*, Location> locations_;  // one for all addresses of a mapping
};

}  // namespace pprof::internal
