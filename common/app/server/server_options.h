// Settings of the HTTP server layer, with defaults that suit the service. Filled by run_app, read
// by make_server. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

namespace httplib {
struct Request;
}

namespace service {

// Who talks to the socket: our buffered connection (one recv and one send a request), or
// cpp-httplib itself (a poll before each read and write, header and body sent apart), kept to show
// the difference.
enum class IoMode { kBuffered, kPlain };

struct ServerOptions {
  IoMode io = IoMode::kBuffered;
  // One thread serves one connection for as long as it is open; further connections get a 503.
  std::size_t max_threads = 2048;
  // A thread without a connection ends after this time.
  std::chrono::milliseconds thread_idle_timeout{10'000};
  // Stack of a worker. Only what is touched takes memory.
  std::size_t thread_stack_bytes = std::size_t{4} << 20;
  // Longest silence between two requests of a connection. In plain mode this and the next two are
  // at most 3 s, since cpp-httplib cannot be woken up out of its waits at shutdown.
  std::chrono::milliseconds idle_timeout{60'000};
  // A request, head and body, must arrive within this time from its first byte (slow loris).
  std::chrono::milliseconds read_timeout{10'000};
  // An answer must be taken by the client within this time.
  std::chrono::milliseconds write_timeout{10'000};
  // Limits of a request; beyond them 414, 431 and 413. A line counts without its CR LF.
  std::size_t max_request_line_bytes = 8190;
  std::size_t max_path_bytes = 1024;
  std::size_t max_header_line_bytes = 8190;
  std::size_t max_header_fields = 100;
  std::size_t max_head_bytes = 32 * 1024;
  // More than 8 KiB of a form cpp-httplib refuses itself, for a reason that is then not true.
  std::size_t max_body_bytes = 8 * 1024;
  // Asked with the head of a request that has a body; if false the body is not read, and the
  // connection ends with the answer. Empty: every body is read. Buffered connections only.
  std::function<bool(const httplib::Request& head)> takes_body = {};
};

}  // namespace service
