// A plugin as services have them: compiled with the headers, not linked with the library.
#include <pprof/label.h>
#include <pprof/mutex.h>
#include <pprof/thread.h>
#include <pprof/trace.h>

#include <mutex>

extern "C" [[gnu::visibility("default")]] void call_labelled(void (*inner)(void*), void* argument) {
  static pprof::Mutex mutex;
  const pprof::ThreadScope name("plugin");
  const pprof::LabelScope label("who", "plugin");
  const pprof::TraceSpan span("in the plugin");
  const std::lock_guard lock(mutex);
  inner(argument);
}
