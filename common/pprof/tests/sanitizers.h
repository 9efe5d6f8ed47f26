// What the profilers cannot do under a sanitizer, and why: every exception that the tests make is
// here or in sanitizers.cpp. Whatever is not excepted must run clean under asan, ubsan and tsan.
#pragma once

#include <gtest/gtest.h>

#if defined(__SANITIZE_THREAD__)
#define PPROF_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define PPROF_ASAN 1
#elif defined(__has_feature)  // clang
#if __has_feature(thread_sanitizer)
#define PPROF_TSAN 1
#elif __has_feature(address_sanitizer)
#define PPROF_ASAN 1
#endif
#endif

namespace pprof::testing {

#ifdef PPROF_TSAN
inline constexpr bool kTsan = true;
#else
inline constexpr bool kTsan = false;
#endif

// Both sanitizers bring a malloc of their own, and nothing may stand in front: no heap profiles.
// Both intercept malloc and the locks, and bear no second interceptor: no traps around handlers.
#if defined(PPROF_TSAN) || defined(PPROF_ASAN)
#define PPROF_TRAPS 0
inline constexpr bool kHasHeap = false;
#else
#define PPROF_TRAPS 1
inline constexpr bool kHasHeap = true;
#endif

}  // namespace pprof::testing

// tsan runs signal handlers when the thread next enters a function that it intercepts (never, while
// one waits in a futex of its own), and several signals as one. So threads do not answer in time,
// ticks are lost, and a stack may be that of a later call. The captures do run under tsan: where
// there is something to race with, this stands after them.
#define NEEDS_SIGNALS_IN_TIME() \
  if (pprof::testing::kTsan) GTEST_SKIP() << "tsan delays signals"
