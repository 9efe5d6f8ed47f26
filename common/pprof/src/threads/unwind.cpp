// See unwind.h.
#include "threads/unwind.h"

#include <dlfcn.h>
#include <ucontext.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <mutex>

namespace pprof::internal {
namespace {

using BacktraceFunction = decltype(&_Unwind_Backtrace);
using IpInfoFunction = decltype(&_Unwind_GetIPInfo);

std::atomic<BacktraceFunction> backtrace_function{nullptr};
std::atomic<IpInfoFunction> ip_info_function{nullptr};

struct Walk {
  std::uintptr_t* out;
  std::size_t capacity;
  std::uintptr_t first;  // start at the frame with this address; 0: at the interrupted one
  std::size_t depth;
  bool started;
  IpInfoFunction ip_info;
};

_Unwind_Reason_Code visit_frame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int interrupted = 0;  // the address is that of the next instruction itself, not a return address
  const auto address = static_cast<std::uintptr_t>(walk.ip_info(context, &interrupted));
  if (address == 0) {
    return _URC_END_OF_STACK;
  }
  walk.started = walk.started || (walk.first == 0 ? interrupted != 0 : address == walk.first);
  if (!walk.started) {
    return _URC_NO_REASON;
  }
  if (walk.depth == walk.capacity) {
    return _URC_END_OF_STACK;
  }
  walk.out[walk.depth++] = interrupted != 0 ? address : address - 1;
  return _URC_NO_REASON;
}

std::uintptr_t interrupted_address([[maybe_unused]] const void* ucontext) noexcept {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(
      static_cast<const ucontext_t*>(ucontext)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(ucontext)->uc_mcontext.pc);
#else
  return 0;
#endif
}

std::size_t walk_stack(std::uintptr_t* out, std::size_t capacity, std::uintptr_t first) noexcept {
  Walk walk{out, capacity, first, 0, false, ip_info_function.load(std::memory_order_relaxed)};
  if (const auto function = backtrace_function.load(std::memory_order_acquire)) {
    function(visit_frame, &walk);
  }
  return walk.depth;
}

void look_up() {
  // The handle stays open: the functions are used until the process ends.
  void* const libgcc = dlopen("libgcc_s.so.1", RTLD_NOW);
  void* const backtrace = libgcc != nullptr ? dlsym(libgcc, "_Unwind_Backtrace") : nullptr;
  void* const ip_info = libgcc != nullptr ? dlsym(libgcc, "_Unwind_GetIPInfo") : nullptr;
  const bool found = backtrace != nullptr && ip_info != nullptr;
  ip_info_function = found ? reinterpret_cast<IpInfoFunction>(ip_info) : &_Unwind_GetIPInfo;
  backtrace_function = found ? reinterpret_cast<BacktraceFunction>(backtrace) : &_Unwind_Backtrace;
  std::array<std::uintptr_t, 4> warm_up{};  // runs libgcc's own once-initialization
  capture_own_stack(warm_up.data(), warm_up.size(), __builtin_return_address(0));
}

}  // namespace

void prepare_unwinder() {
  static std::once_flag once;
  std::call_once(once, look_up);
}

std::size_t capture_own_stack(std::uintptr_t* out, std::size_t capacity,
                              const void* return_address) noexcept {
  return walk_stack(out, capacity, reinterpret_cast<std::uintptr_t>(return_address));
}

std::size_t capture_interrupted_stack(std::uintptr_t* out, std::size_t capacity,
                                      const void* ucontext) noexcept {
  const std::size_t depth = walk_stack(out, capacity, 0);
  if (depth == 0 && capacity > 0) {  // no unwind table for the trampoline: at least the leaf
    out[0] = interrupted_address(ucontext);
    return out[0] != 0 ? 1 : 0;
  }
  return depth;
}

}  // namespace pprof::internal
