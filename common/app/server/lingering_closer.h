// Closes connections whose client may still be sending. A plain close() then answers with a reset,
// and the reset discards the error page on its way. Called after a refusal or a rejected request.
// Thread-safe; own thread, started at the first use.
#pragma once

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace service {

class LingeringCloser {
 public:
  LingeringCloser();
  ~LingeringCloser();  // closes what is left
  LingeringCloser(const LingeringCloser&) = delete;
  LingeringCloser& operator=(const LingeringCloser&) = delete;

  // Takes the socket over. Ends its output now, then throws its input away until the client closes,
  // for at most half a second; closes at once if too many sockets linger already, or if the system
  // has no thread left.
  void close(int socket);

 private:
  struct Entry {
    int socket;
    std::chrono::steady_clock::time_point deadline;
  };

  bool has_thread();
  void run();
  bool take_new(std::vector<Entry>& entries);

  std::mutex mutex_;
  std::vector<Entry> new_;
  std::size_t lingering_ = 0;
  bool stopping_ = false;
  int wake_ = -1;  // eventfd
  std::thread thread_;
};

}  // namespace service
