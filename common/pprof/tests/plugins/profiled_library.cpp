// The library inside an object that is loaded at run time: captures of every kind, and threads that
// allocate for the first time, since the loader's own thread-local memory is made by malloc.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "contention/contention.h"
#include "cpu/cpu.h"
#include "heap/heap.h"
#include "pprof/label.h"
#include "pprof/mutex.h"
#include "pprof/thread.h"
#include "threads/threads.h"
#include "trace/trace.h"
#include "wall/wall.h"

namespace {

using namespace pprof::internal;

void work(std::atomic<bool>& stop) {
  const pprof::ThreadScope name("worker");
  static pprof::Mutex mutex;
  while (!stop) {
    const pprof::LabelScope label("route", "/work");
    const std::lock_guard lock(mutex);
    std::thread([] { delete new std::string(100, 'x'); }).join();
  }
}

bool has_label(const Profile& profile) {
  for (const Sample& sample : profile.samples) {
    for (const Label& label : sample.labels) {
      if (label.text == "/work") return true;
    }
  }
  return false;
}

// Captures again and again: how soon a worker is met depends on what else the machine does.
template <typename Capture>
bool meets_a_worker(Capture capture) {
  for (int i = 0; i < 60; ++i) {
    if (capture()) return true;
  }
  return false;
}

}  // namespace

// Whether all captures gave something.
extern "C" bool capture_everything() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&stop] { work(stop); });
  const Wanted always = [] { return true; };
  const std::chrono::milliseconds duration(500);
  const bool works =
      meets_a_worker([&] { return has_label(cpu_profile(duration, always)); }) &&
      meets_a_worker([&] { return has_label(wall_profile(duration, always)); }) &&
      meets_a_worker([] { return has_label(threads_profile()); }) && meets_a_worker([&] {
        return capture_trace_json(duration, always).find("/work") != std::string::npos;
      });
  heap_profile();
  block_profile();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return works;
}
