// See sanitizers.h. Linked into the tests that serve HTTP; called by ThreadSanitizer's runtime.

// Debian's libcpp-httplib is not instrumented: tsan sees its calls of memcmp() and the like, but
// not what orders them, such as the guards of its static variables. Nor is libprofiler: its spin
// lock orders the last tick before the return of ProfilerStop(), after which the ring goes. Nor
// does it see the loader map an object: where other memory was, such as an ended thread's stack,
// what is read of the object looks like what was written there. So the safety test's plugin is
// named, and the two functions that read an object's headers.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(*-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {
  return "race:libcpp-httplib.so\n"
         "race:libprofiler.so\n"
         "race:libpprof_safety_plugin.so\n"
         "race:is_vdso\n"
         "race:pprof::internal::read_executable_mapping\n";
}
