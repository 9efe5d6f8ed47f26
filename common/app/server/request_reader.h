// Reads checked requests off a connection: head, then body; pipelined ones in order. Called by the
// buffered connection for each request, and by the fuzzer. One per connection, used by one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/server/request_head.h"
#include "app/server/server_options.h"

namespace service {

// Where the bytes come from: a socket, or a test's script.
class ByteSource {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  enum class Status { kData, kEnd, kTimeout, kError };
  struct Result {
    Status status = Status::kError;
    std::size_t size = 0;  // with kData: at least 1
  };

  virtual ~ByteSource() = default;

  // Waits for the next request, for as long as an idle connection may last.
  virtual Result read_idle(char* to, std::size_t size) = 0;
  // Waits for the rest of a request until `deadline`.
  virtual Result read_more(char* to, std::size_t size, Deadline deadline) = 0;
};

class RequestReader {
 public:
  // Both must outlive the reader.
  RequestReader(ByteSource& source, const ServerOptions& limits);

  // Each is false if the connection is over: rejection() says what to answer first. The head and
  // the body are valid until the next call of next(), which skips nothing: a body must be read.
  bool next();
  bool read_body();

  const RequestHead& head() const { return head_; }
  std::string_view body() const { return body_; }
  // Status 0: nothing. The client left, or was idle for too long.
  const Rejection& rejection() const { return rejection_; }
  // True if bytes of a further request were read already.
  bool has_pending() const { return begin_ < end_; }

 private:
  bool read_head(std::string_view& head);
  bool check_line(std::string_view text, std::size_t line, std::size_t line_end);
  bool fill();
  void give_back_buffers();

  bool reject(int status, std::string message);
  bool failed(ByteSource::Status status);
  ByteSource::Deadline deadline();

  ByteSource& source_;
  const ServerOptions& limits_;
  std::string buffer_;  // [begin_, end_) is read and not consumed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool started_ = false;  // a byte of the current request has arrived
  std::optional<ByteSource::Deadline> deadline_;
  RequestHead head_;
  std::string body_;
  Rejection rejection_;
};

}  // namespace service
