// Runs a capture on a thread of its own and streams its result to the client.
// The response's thread polls, so that it notices a client that left or a server that stops, and
// then calls the capture off. One task belongs to one response.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "wanted.h"

namespace pprof::internal {

class CaptureTask {
 public:
  using Work = std::function<std::string(const Wanted&)>;

  explicit CaptureTask(Work work);
  ~CaptureTask();  // calls the work off and waits for it
  CaptureTask(const CaptureTask&) = delete;
  CaptureTask& operator=(const CaptureTask&) = delete;

  // A content provider's step: waits at most 50 ms, and writes the result once it is there.
  // False: the client left or the work failed, and the connection is to be closed.
  bool step(httplib::DataSink& sink);

 private:
  std::atomic<bool> abandoned_{false};
  std::packaged_task<std::string()> task_;
  std::future<std::string> result_;
  std::thread thread_;
};

// Makes `work` the body of `response`, which must have its headers.
void stream_capture(const httplib::Request& request, httplib::Response& response,
                    const char* content_type, CaptureTask::Work work);

}  // namespace pprof::internal
