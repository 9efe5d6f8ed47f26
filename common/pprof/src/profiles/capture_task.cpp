// See capture_task.h.
#include "profiles/capture_task.h"

#include <pthread.h>

#include <utility>

namespace pprof::internal {

CaptureTask::CaptureTask(Work work)
    : task_([this, work = std::move(work)] { return work([this] { return !abandoned_; }); }),
      result_(task_.get_future().share()),
      thread_([this] {
        pthread_setname_np(pthread_self(), "pprof-capture");
        task_();
      }) {}

CaptureTask::~CaptureTask() {
  abandoned_ = true;
  thread_.join();
}

bool CaptureTask::wait(std::chrono::milliseconds patience) const {
  return result_.wait_for(patience) == std::future_status::ready;
}

}  // namespace pprof::internal
