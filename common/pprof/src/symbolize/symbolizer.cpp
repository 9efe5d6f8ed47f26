// Cache and lock around ModuleTable and DebugInfo; see symbolizer.h.
#include "symbolize/symbolizer.h"

#include <libelf.h>

namespace pprof::internal {

Symbolizer& Symbolizer::instance() {
  static Symbolizer* const symbolizer = [] {
    elf_version(EV_CURRENT);  // libelf refuses to work before this call
    return new Symbolizer;
  }();
  return *symbolizer;
}

void Symbolizer::observe_modules() {
  const std::scoped_lock lock(mutex_);
  modules_.refresh();
}

const Location& Symbolizer::locate(std::uintptr_t address) {
  const std::scoped_lock lock(mutex_);
  modules_.refresh();
  Module* module = modules_.find(address);
  const auto [entry, is_new] = cache_[module].try_emplace(address);
  Location& location = entry->second;
  if (!is_new || module == nullptr) return location;
  location.mapping = &module->mapping;
  location.frames = debug_info(*module).frames_at(address);
  return location;
}

const Mapping& Symbolizer::main_mapping() {
  const std::scoped_lock lock(mutex_);
  return modules_.main().mapping;
}

std::string Symbolizer::name_of(std::uintptr_t address) {
  const Location& location = locate(address);
  return location.frames.empty() ? std::string() : location.frames.front().name;
}

DebugInfo& Symbolizer::debug_info(Module& module) {
  std::unique_ptr<DebugInfo>& info = debug_infos_[&module];
  if (info == nullptr) info = std::make_unique<DebugInfo>(module);
  return *info;
}

}  // namespace pprof::internal
