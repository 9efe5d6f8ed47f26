// Settings of the HTTP server layer, with defaults that suit both the service and its debug
// listener. Filled by run_app, read by make_server. Plain data.
#pragma once

#include <chrono>
#include <cstddef>

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
  // Stack of a worker. The router's std::regex recurses once for each character of the path: 450
  // bytes, 2 KiB with sanitizers. Only what is touched takes memory.
  std::size_t thread_stack_bytes = std::size_t{4} << 20;
  // Longest silence between two requests of a connection. In plain mode this and the next two are
  // at most 3 s, since cpp-httplib cannot be woken up out of its waits at shutdown.
  std::chrono::milliseconds idle_timeout{60'000};
  // A request, head and body, must arrive within this time from its first byte (slow loris).
  std::chrono::milliseconds read_timeout{10'000};
  // An answer must be taken by the client within this time.
  std::chrono::milliseconds write_timeout{10'000};
  // Limits of a request; beyond them 414, 431 and 413. cpp-httplib's own limit is 8192 a line, with
  // its CRLF, after rewrite_head(): what that percent-encodes ('%' in a field, '?' in a query, '='
  // in a value) counts as three bytes.
  std::size_t max_request_line_bytes = 8190;
  std::size_t max_path_bytes = 1024;
  std::size_t max_header_line_bytes = 8190;
  std::size_t max_head_bytes = 32 * 1024;
  std::size_t max_body_bytes = std::size_t{1} << 20;
};

}  // namespace service
