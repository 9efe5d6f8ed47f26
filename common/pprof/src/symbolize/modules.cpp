// Watching the dynamic loader; see modules.h.
#include "symbolize/modules.h"

#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include "symbolize/elf_image.h"

namespace pprof::internal {
namespace {

constexpr std::string_view kExecutable = "/proc/self/exe";
constexpr std::size_t kLongestBuildId = 64;  // bytes
constexpr std::string_view kDeleted = " (deleted)";

// The executable's path as it was at start, also after it was removed or replaced.
std::string executable_path() {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = readlink(kExecutable.data(), buffer.data(), buffer.size());
  std::string path(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

std::string absolute_path(const char* path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path, nullptr), &std::free);
  return real == nullptr ? std::string(path) : std::string(real.get());
}

// Opens the object's file, unless the path has come to mean another file in the meantime.
FileHandle open_file(const char* path, const std::string& build_id) {
  FileHandle file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return file;
  const int descriptor = file.release();
  FileHandle same(descriptor);
  if (has_build_id(descriptor, build_id)) return same;
  return FileHandle();
}

// A file with the content of the vdso, which the kernel gives as memory only.
FileHandle vdso_file(std::uintptr_t limit) {
  const auto image = getauxval(AT_SYSINFO_EHDR);
  const int descriptor = memfd_create("vdso", MFD_CLOEXEC);
  // Memory that cannot be written makes a file that cannot be read: no names.
  const auto* const bytes = reinterpret_cast<const void*>(image);  // NOLINT(*-no-int-to-ptr)
  static_cast<void>(write(descriptor, bytes, limit - image) == 0);
  return FileHandle(descriptor);
}

bool is_vdso(const dl_phdr_info& info) {
  const auto vdso = getauxval(AT_SYSINFO_EHDR);
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type == PT_LOAD && info.dlpi_addr + header.p_vaddr == vdso) return true;
  }
  return false;
}

// The loader's memory, read under the loader's lock, which ThreadSanitizer does not know: it would
// report a race.
__attribute__((no_sanitize("thread"))) void copy_text(const char* text, std::string& copy) {
  copy.clear();
  for (; *text != '\0'; ++text) copy += *text;
}

// Calls `visit` for each object with the loader's lock held. It must not load anything, and not
// allocate: a thread in the allocator may wait for this lock (tcmalloc 2.10 walks its stack there).
template <typename Visit>
void for_each_object(Visit visit) {
  dl_iterate_phdr([](dl_phdr_info* info, std::size_t,
                     void* data) { return (*static_cast<Visit*>(data))(*info) ? 0 : 1; },
                  &visit);
}

bool read_object(const dl_phdr_info& info, LoadedObject& object) {
  object.bias = info.dlpi_addr;
  object.is_vdso = is_vdso(info);
  copy_text(info.dlpi_name, object.name);
  return read_executable_mapping(info, object.mapping);
}

// Those with code. There is always room for one more, to see that they are all.
std::vector<LoadedObject> loaded_objects() {
  std::vector<LoadedObject> objects;
  std::size_t count = 0;
  while (count + 1 >= objects.size()) {
    objects.resize(count + 16);
    for (LoadedObject& object : objects) {
      object.mapping.build_id.reserve(2 * kLongestBuildId);
      object.name.reserve(PATH_MAX);
    }
    count = 0;
    for_each_object([&](const dl_phdr_info& info) {
      if (read_object(info, objects[count])) ++count;
      return count + 1 < objects.size();
    });
  }
  objects.resize(count);
  return objects;
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

int FileHandle::release() { return std::exchange(descriptor_, -1); }

ModuleTable::ModuleTable() { refresh(); }

void ModuleTable::refresh() {
  bool changed = modules_.empty();
  for_each_object([&](const dl_phdr_info& info) {
    changed = changed || info.dlpi_adds != adds_ || info.dlpi_subs != subs_;
    adds_ = info.dlpi_adds;
    subs_ = info.dlpi_subs;
    return false;  // the counters are the same in every object
  });
  if (!changed) return;
  const std::vector<LoadedObject> objects = loaded_objects();
  std::vector<const Module*> seen;
  for (const LoadedObject& object : objects) {
    const Module* known = find_known(object.mapping);
    seen.push_back(known != nullptr ? known : &add(object));
  }
  for (Module& module : modules_) module.is_loaded = std::ranges::find(seen, &module) != seen.end();
}

// Also one that was closed and is there again: a program may load its plugins again and again.
Module* ModuleTable::find_known(const Mapping& mapping) {
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    const Mapping& known = module->mapping;
    const bool can_tell = module->is_loaded || !mapping.build_id.empty();
    if (can_tell && known.start == mapping.start && known.limit == mapping.limit &&
        known.build_id == mapping.build_id) {
      return &*module;
    }
  }
  return nullptr;
}

Module& ModuleTable::add(const LoadedObject& object) {
  Mapping mapping = object.mapping;
  const bool is_main = modules_.empty();  // the loader lists the executable first
  if (object.is_vdso) {
    mapping.file = "[vdso]";
    FileHandle file = vdso_file(mapping.limit);
    return modules_.emplace_back(Module{std::move(mapping), object.bias, std::move(file), true});
  }
  const char* path = is_main ? kExecutable.data() : object.name.c_str();
  mapping.file = is_main ? executable_path() : absolute_path(path);
  FileHandle file = open_file(path, mapping.build_id);
  return modules_.emplace_back(Module{std::move(mapping), object.bias, std::move(file), true});
}

Module* ModuleTable::find(std::uintptr_t address) {
  Module* closed = nullptr;
  // Newest first. Not std::views::reverse: clang 14 cannot compile libstdc++ 12's.
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    if (address < module->mapping.start || address >= module->mapping.limit) continue;
    if (module->is_loaded) return &*module;
    if (closed == nullptr) closed = &*module;
  }
  return closed;
}

}  // namespace pprof::internal
