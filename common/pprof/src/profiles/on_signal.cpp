// Profiles into files when a signal comes; see pprof/capture.h. The handler only wakes a thread.
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <mutex>
#include <utility>

#include "pprof/capture.h"
#include "profiles/capture_task.h"
#include "profiles/table.h"
#include "threads/interrupt.h"

namespace pprof {
namespace {

sem_t asked{};

void ask(int /*signal*/) {
  const int saved = errno;
  sem_post(&asked);
  errno = saved;
}

void write_all(const OnSignal& what, int count) {
  for (const std::string& profile : what.profiles) {
    const std::string path = what.folder + "/" + profile + "-" + std::to_string(getpid()) + "-" +
                             std::to_string(count) + (profile == "trace" ? ".json" : ".pb.gz");
    const bool takes_time = !internal::find_endpoint(profile)->snapshot;
    const auto written = capture_to_file(
        profile, path, {.duration = takes_time ? what.duration : std::chrono::nanoseconds(0)});
    std::fprintf(stderr, "pprof: %s\n", written ? path.c_str() : written.error().c_str());
  }
}

}  // namespace

tl::expected<void, std::string> capture_on_signal(int signal, OnSignal what) try {
  for (const std::string& profile : what.profiles) {
    if (internal::find_endpoint(profile) == nullptr) {
      return tl::unexpected(internal::unknown_profile(profile));
    }
  }
  static std::mutex mutex;
  static bool has_signal = false;
  const std::scoped_lock lock(mutex);
  if (has_signal) {
    return tl::unexpected(std::string("capture_on_signal() was called before: once is enough"));
  }
  struct sigaction action {};
  const bool is_free = sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL &&
                       signal != internal::capture_signal();
  // Set to what it is, which changes nothing, and fails for a signal that cannot be handled.
  if (!is_free || sigaction(signal, &action, nullptr) != 0) {
    return tl::unexpected("signal " + std::to_string(signal) +
                          " has a handler, or cannot have one: choose another one");
  }
  sem_init(&asked, 0, 0);
  // Before the handler: without the thread it would swallow the signal.
  internal::start_thread("pprof-signal", [what = std::move(what)] {
    for (int count = 1;;) {
      if (sem_wait(&asked) == 0) write_all(what, count++);  // else a signal of a capture came
    }
  }).detach();
  has_signal = true;
  action.sa_handler = ask;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
  return {};
} catch (const std::exception& error) {
  return tl::unexpected("capture_on_signal(): " + std::string(error.what()));
}

}  // namespace pprof
