// Reads complete, checked requests off a connection: head and body, pipelined ones in order.
// Called by the buffered connection for each request, and by the fuzzer. One per connection, used
// by one thread.
#pragma once

#include <chrono>
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
  // Sends `100 Continue`, so that the client goes on with its body.
  virtual void send_continue() = 0;
};

class RequestReader {
 public:
  enum class Status {
    kRequest,   // head(), body() and keep_alive() are valid until the next call
    kRejected,  // rejection() says what to answer; the connection cannot be used further
    kClosed,    // the client left, or was idle for too long: nothing to answer
  };

  // Both must outlive the reader.
  RequestReader(ByteSource& source, const ServerOptions& limits);

  Status next();

  // Ends with the blank line. A chunked body comes decoded, with a Content-Length in the head.
  std::string_view head() const { return head_; }
  std::string_view body() const { return body_; }
  bool keep_alive() const { return parsed_.keep_alive; }
  Rejection rejection() const { return rejection_; }
  // True if bytes of a further request were read already.
  bool has_pending() const { return begin_ < end_; }

 private:
  Status read_head();
  Status read_body();
  Status read_sized_body();
  Status read_chunked_body();
  Status read_chunk_line(std::string_view& line, std::size_t limit);
  Status read_trailers();
  Status append_chunk(std::size_t size);

  Status reject(int status, std::string_view message);
  Status failed(ByteSource::Result result);
  Status read_line(std::size_t line, std::size_t& line_end);
  Status check_line(std::string_view text, std::size_t line, std::size_t line_end);
  // Reads more into the buffer; kRequest on success.
  Status fill();
  ByteSource::Deadline deadline();

  ByteSource& source_;
  const ServerOptions& limits_;
  std::string buffer_;  // [begin_, end_) is read and not consumed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool started_ = false;  // a byte of the current request has arrived
  bool has_deadline_ = false;
  ByteSource::Deadline deadline_;
  RequestHead parsed_;
  Rejection rejection_;
  std::string_view head_;
  std::string head_copy_;  // of a head that was rewritten, or that has a body behind it
  std::string body_;
};

}  // namespace service
