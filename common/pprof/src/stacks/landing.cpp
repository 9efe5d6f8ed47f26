// See landing.h.
#include "stacks/landing.h"

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace pprof::internal {
namespace {

// Those that land somewhere (gcc's libgcc/unwind.inc); _Unwind_Backtrace() does not.
constexpr std::array<const char*, 4> kFunctions{"_Unwind_RaiseException", "_Unwind_ForcedUnwind",
                                                "_Unwind_Resume", "_Unwind_Resume_or_Rethrow"};

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t size = 0;
};
std::array<Range, 2 * kFunctions.size()> ranges;  // written before `range_count`
std::atomic<std::size_t> range_count{0};

Range range_of(void* library, const char* name) {
  void* const function = dlsym(library, name);
  Dl_info info{};
  void* symbol = nullptr;
  if (function == nullptr || dladdr1(function, &info, &symbol, RTLD_DL_SYMENT) == 0 ||
      symbol == nullptr) {
    return {};
  }
  return {reinterpret_cast<std::uintptr_t>(function),
          static_cast<const ElfW(Sym)*>(symbol)->st_size};
}

}  // namespace

void find_landing_code(void* library) {
  std::size_t count = 0;
  for (const char* const name : kFunctions) {
    // The program may use another library's than libgcc's: libunwind has functions of these names.
    for (void* const where : {library, RTLD_DEFAULT}) ranges.at(count++) = range_of(where, name);
  }
  range_count.store(count, std::memory_order_release);
}

bool is_landing_code(std::uintptr_t address) noexcept {
  const std::size_t count = range_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    if (address - ranges[i].begin < ranges[i].size) return true;
  }
  return false;
}

}  // namespace pprof::internal
