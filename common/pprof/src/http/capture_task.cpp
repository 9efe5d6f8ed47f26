// See capture_task.h.
#include "http/capture_task.h"

#include <pthread.h>

#include <chrono>
#include <cstdio>
#include <exception>

namespace pprof::internal {
namespace {

constexpr std::chrono::milliseconds kPoll{50};

}  // namespace

CaptureTask::CaptureTask(Work work)
    : task_([this, work = std::move(work)] { return work([this] { return !abandoned_; }); }),
      result_(task_.get_future()),
      thread_([this] {
        pthread_setname_np(pthread_self(), "pprof-capture");
        task_();
      }) {}

CaptureTask::~CaptureTask() {
  abandoned_ = true;
  thread_.join();
}

bool CaptureTask::step(httplib::DataSink& sink) {
  if (result_.wait_for(kPoll) != std::future_status::ready) return sink.is_writable();
  try {
    const std::string data = result_.get();
    if (!data.empty() && !sink.write(data.data(), data.size())) return false;
    sink.done();
    return true;
  } catch (const std::exception& error) {
    // The headers have gone out: only a broken connection can tell the client.
    std::fprintf(stderr, "pprof: the capture failed: %s\n", error.what());
    return false;
  }
}

void stream_capture(const httplib::Request& request, httplib::Response& response,
                    const char* content_type, CaptureTask::Work work) {
  // HEAD has no body, and so nothing to capture.
  if (request.method == "HEAD") return response.set_header("Content-Type", content_type);
  const auto task = std::make_shared<CaptureTask>(std::move(work));
  const auto provider = [task](std::size_t, httplib::DataSink& sink) { return task->step(sink); };
  if (request.version == "HTTP/1.0") {  // knows no chunks: the body ends with the connection
    response.set_header("Connection", "close");
    response.set_content_provider(content_type, provider);
  } else {
    response.set_chunked_content_provider(content_type, provider);
  }
}

}  // namespace pprof::internal
