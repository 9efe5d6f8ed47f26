// See capture_task.h.
#include "http/capture_task.h"

#include <pthread.h>

#include <cstdio>
#include <exception>
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

Response with_capture(Response response, const Request& request, CaptureTask::Work work) {
  if (request.method != "HEAD") response.capture = std::make_shared<CaptureTask>(std::move(work));
  return response;
}

}  // namespace pprof::internal

namespace pprof {

bool Response::wait(std::chrono::milliseconds patience) {
  if (capture == nullptr) return true;
  if (!capture->wait(patience)) return false;
  const auto ended = std::exchange(capture, nullptr);
  try {
    body = ended->result();
  } catch (const std::exception& error) {
    // Here, too, since the headers may have gone out: then nothing else can tell.
    std::fprintf(stderr, "pprof: the capture failed: %s\n", error.what());
    *this = internal::error_reply({500, "the capture failed: " + std::string(error.what())});
  }
  return true;
}

}  // namespace pprof
