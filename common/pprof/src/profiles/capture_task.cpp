// See capture_task.h.
#include "profiles/capture_task.h"

#include <pthread.h>

#include <stdexcept>
#include <system_error>
#include <utility>

namespace pprof::internal {

std::thread start_thread(const char* name, std::function<void()> work) try {
  return std::thread([name, work = std::move(work)] {
    pthread_setname_np(pthread_self(), name);
    work();
  });
} catch (const std::system_error& error) {
  throw std::runtime_error("no thread can be started: " + error.code().message() +
                           ": allow more (ulimit -u, pids.max of the container), or end some");
}

CaptureTask::CaptureTask(Work work)
    : task_([this, work = std::move(work)] { return work([this] { return !abandoned_; }); }),
      result_(task_.get_future().share()),
      thread_(start_thread("pprof-capture", [this] { task_(); })) {}

CaptureTask::~CaptureTask() {
  abandoned_ = true;
  thread_.join();
}

bool CaptureTask::wait(std::chrono::milliseconds patience) const {
  return result_.wait_for(patience) == std::future_status::ready;
}

}  // namespace pprof::internal
