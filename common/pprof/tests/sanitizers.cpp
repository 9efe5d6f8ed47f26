// See sanitizers.h. Linked into the tests that serve HTTP; called by ThreadSanitizer's runtime.

// Debian's libcpp-httplib is not instrumented: tsan sees its calls of memcmp() and the like, but
// not what orders them, such as the guards of its static variables. Nor is libprofiler: its spin
// lock orders the last tick before the return of ProfilerStop(), after which the ring goes.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(*-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {
  return "race:libcpp-httplib.so\nrace:libprofiler.so\n";
}
