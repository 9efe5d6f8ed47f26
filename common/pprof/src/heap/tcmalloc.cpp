// See tcmalloc.h.
#include "heap/tcmalloc.h"

#include <dlfcn.h>
#include <gperftools/malloc_extension.h>

#include <memory>

namespace pprof::internal {
namespace {

// MallocExtension is a C++ class without weak declarations: found by its mangled name.
MallocExtension* extension() {
  using Instance = MallocExtension* (*)();
  static const auto instance =
      reinterpret_cast<Instance>(dlsym(RTLD_DEFAULT, "_ZN15MallocExtension8instanceEv"));
  return instance != nullptr ? instance() : nullptr;
}

const void* module_of(const void* code) {
  Dl_info info{};
  return dladdr(code, &info) != 0 ? info.dli_fbase : nullptr;
}

}  // namespace

bool tcmalloc_linked() {
  if (MallocHook_AddNewHook == nullptr || MallocHook_AddDeleteHook == nullptr ||
      tc_malloc == nullptr || tc_free == nullptr) {
    return false;
  }
  // It may be there without serving malloc(): under a sanitizer, or another preloaded allocator.
  return module_of(dlsym(RTLD_DEFAULT, "malloc")) ==
         module_of(reinterpret_cast<const void*>(&tc_malloc));
}

std::int64_t* tcmalloc_sample_parameter() {
  // DEFINE_int64 of gperftools' base/commandlineflags.h.
  return static_cast<std::int64_t*>(
      dlsym(RTLD_DEFAULT,
            "_ZN61FLAG__namespace_do_not_use_directly_use_DECLARE_int64_instead"
            "31FLAGS_tcmalloc_sample_parameterE"));
}

// Without the vptr check: it refers to the type information of a class that may not be linked.
__attribute__((no_sanitize("vptr"))) bool tcmalloc_live_samples(
    std::unordered_set<std::uint64_t>& ids) {
  MallocExtension* const tcmalloc = extension();
  if (tcmalloc == nullptr) return false;
  int period = 0;
  const std::unique_ptr<void*[]> entries(tcmalloc->ReadStackTraces(&period));
  if (entries == nullptr) return false;
  // Each entry: count, size, depth, and `depth` frames; a count of 0 ends the list
  // (gperftools/malloc_extension.h).
  for (void** entry = entries.get(); entry[0] != nullptr;) {
    const auto depth = reinterpret_cast<std::uintptr_t>(entry[2]);
    if (depth > 0) ids.insert(reinterpret_cast<std::uintptr_t>(entry[3]));
    entry += 3 + depth;
  }
  return true;
}

bool is_tcmalloc_code(std::uintptr_t address) {
  static const void* const tcmalloc = module_of(reinterpret_cast<const void*>(&tc_malloc));
  static const void* const here = module_of(reinterpret_cast<const void*>(&is_tcmalloc_code));
  // Linked statically, tcmalloc cannot be told from the rest; drop_frames does it then.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return tcmalloc != here && module_of(reinterpret_cast<const void*>(address)) == tcmalloc;
}

}  // namespace pprof::internal
