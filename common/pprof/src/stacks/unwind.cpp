// See unwind.h.
#include "stacks/unwind.h"

#include <dlfcn.h>
#include <ucontext.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "stacks/landing.h"
#include "stacks/stack_cache.h"

namespace pprof::internal {
namespace {

using BacktraceFunction = decltype(&_Unwind_Backtrace);
using IpInfoFunction = decltype(&_Unwind_GetIPInfo);
using CfaFunction = decltype(&_Unwind_GetCFA);

std::atomic<BacktraceFunction> backtrace_function{nullptr};
std::atomic<IpInfoFunction> ip_info_function{nullptr};
std::atomic<CfaFunction> cfa_function{nullptr};

struct Walk {
  std::uintptr_t* out;
  std::uintptr_t* places;  // where the return addresses lay, or nullptr
  std::size_t capacity;
  std::uintptr_t first;  // start at the frame with this address; 0: at the interrupted one
  std::size_t depth;
  bool started;
  IpInfoFunction ip_info;
  CfaFunction cfa;
};

_Unwind_Reason_Code visit_frame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int interrupted = 0;  // the address is that of the next instruction itself, not a return address
  const auto address = static_cast<std::uintptr_t>(walk.ip_info(context, &interrupted));
  if (address == 0) return _URC_END_OF_STACK;
  const _Unwind_Reason_Code next = is_landing_code(address) ? _URC_END_OF_STACK : _URC_NO_REASON;
  walk.started = walk.started || (walk.first == 0 ? interrupted != 0 : address == walk.first);
  if (!walk.started) return next;
  if (walk.depth == walk.capacity) return _URC_END_OF_STACK;
  if (walk.places != nullptr) walk.places[walk.depth] = walk.cfa(context) - sizeof(void*);
  walk.out[walk.depth++] = interrupted != 0 ? address : address - 1;
  return next;
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

std::size_t walk_stack(std::uintptr_t* out, std::uintptr_t* places, std::size_t capacity,
                       std::uintptr_t first) noexcept {
  Walk walk{out,
            places,
            capacity,
            first,
            0,
            false,
            ip_info_function.load(std::memory_order_relaxed),
            cfa_function.load(std::memory_order_relaxed)};
  if (const auto function = backtrace_function.load(std::memory_order_acquire)) {
    function(visit_frame, &walk);
  }
  return walk.depth;
}

template <class Function>
Function look_up(void* library, const char* name, Function otherwise) {
  void* const found = library != nullptr ? dlsym(library, name) : nullptr;
  return found != nullptr ? reinterpret_cast<Function>(found) : otherwise;
}

void look_all_up() {
  // The handle stays open: the functions are used until the process ends. A program with its own
  // copy of libgcc (-static-libgcc) has no such library, and calls that copy.
  void* const libgcc = dlopen("libgcc_s.so.1", RTLD_NOW);
  cfa_function = look_up(libgcc, "_Unwind_GetCFA", &_Unwind_GetCFA);
  ip_info_function = look_up(libgcc, "_Unwind_GetIPInfo", &_Unwind_GetIPInfo);
  find_landing_code(libgcc);
  backtrace_function = look_up(libgcc, "_Unwind_Backtrace", &_Unwind_Backtrace);
  std::array<std::uintptr_t, 4> warm_up{};  // runs libgcc's own once-initialization
  capture_own_stack(warm_up.data(), warm_up.size(), __builtin_return_address(0));
}

}  // namespace

void prepare_unwinder() {
  static std::once_flag once;
  std::call_once(once, look_all_up);
}

std::size_t capture_own_stack(std::uintptr_t* out, std::size_t capacity,
                              const void* return_address) noexcept {
  const auto first = reinterpret_cast<std::uintptr_t>(return_address);
  const auto base = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (const std::size_t depth = recognize_stack(out, capacity, first - 1, base); depth > 0) {
    return depth;
  }
  std::array<std::uintptr_t, kMaxStackDepth> places;  // NOLINT(*-member-init): filled below
  const std::size_t depth =
      walk_stack(out, places.data(), std::min(capacity, places.size()), first);
  remember_stack(out, places.data(), depth, first - 1, base);
  return depth;
}

std::size_t capture_interrupted_stack(std::uintptr_t* out, std::size_t capacity,
                                      const void* ucontext) noexcept {
  const std::size_t depth = walk_stack(out, nullptr, capacity, 0);
  if (depth == 0 && capacity > 0) {  // no unwind table for the trampoline: at least the leaf
    out[0] = interrupted_address(ucontext);
    return out[0] != 0 ? 1 : 0;
  }
  return depth;
}

}  // namespace pprof::internal
