// Cache and lock around ModuleTable and DebugInfo; see symbolizer.h.
#include "symbolize/symbolizer.h"

#include <libelf.h>

#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

// Stands for a function without a name, as pprof writes it: "[libfoo.so]".
std::string object_name(const std::string& path) {
  if (path.starts_with('[')) return path;
  return "[" + path.substr(path.rfind('/') + 1) + "]";
}

}  // namespace

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
  // Never destroyed, as the symbolizer itself.
  static const auto& cut = *new Location{nullptr, {{"[stack cut]", "stack_cut", {}, 0, 0}}};
  if (address == kCutMark) return cut;
  static const auto& nowhere = *new Location;  // not remembered: there are too many such addresses
  Module* module = modules_.find(address);
  if (module == nullptr) return nowhere;
  const auto [entry, is_new] = cache_[module].try_emplace(address);
  Location& location = entry->second;
  if (!is_new) return location;
  location.mapping = &module->mapping;
  location.frames = debug_info(*module).frames_at(address);
  location.unread_file = debug_info(*module).unread_file_at(address);
  location.is_named = !location.frames.empty();
  if (!location.is_named) {
    const std::string object = object_name(module->mapping.file);
    location.frames.push_back({object, object, {}, 0, 0});
  }
  return location;
}

const Mapping& Symbolizer::main_mapping() {
  const std::scoped_lock lock(mutex_);
  static_cast<void>(debug_info(modules_.main()));  // notes whether there is any
  return modules_.main().mapping;
}

const Mapping* Symbolizer::mapping_at(std::uintptr_t address) {
  const std::scoped_lock lock(mutex_);
  modules_.refresh();
  const Module* const module = modules_.find(address);
  return module == nullptr ? nullptr : &module->mapping;
}

Mapping Symbolizer::copy_of(const Mapping& mapping) {
  const std::scoped_lock lock(mutex_);
  return mapping;
}

std::string Symbolizer::name_of(std::uintptr_t address) {
  const std::scoped_lock lock(mutex_);
  modules_.refresh();
  Module* module = modules_.find(address);
  if (module == nullptr) return {};
  const AddressCache& known = cache_[module];
  if (const auto found = known.find(address); found != known.end()) {
    return found->second.frames.front().name;
  }
  const std::vector<Frame> frames = debug_info(*module).frames_at(address);
  return frames.empty() ? object_name(module->mapping.file) : frames.front().name;
}

DebugInfo& Symbolizer::debug_info(Module& module) {
  std::unique_ptr<DebugInfo>& info = debug_infos_[&module];
  if (info == nullptr) {
    info = std::make_unique<DebugInfo>(module, &module == &modules_.main());
    module.mapping.has_debug_info = info->has_units();
  }
  return *info;
}

const Location& Addresses::locate(std::uintptr_t address) {
  const Mapping* const mapping = symbols_.mapping_at(address);
  if (mapping == nullptr) return symbols_.locate(address);  // no address, but perhaps a mark
  return locations_.try_emplace(mapping, Location{.mapping = &without_names(*mapping)})
      .first->second;
}

const Mapping& Addresses::main_mapping() { return without_names(symbols_.main_mapping()); }

const Mapping& Addresses::without_names(const Mapping& mapping) {
  const auto [entry, is_new] = mappings_.try_emplace(&mapping);
  if (is_new) {
    entry->second = symbols_.copy_of(mapping);
    entry->second.has_names = false;
  }
  return entry->second;
}

}  // namespace pprof::internal
