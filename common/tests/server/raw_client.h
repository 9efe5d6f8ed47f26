// A blocking TCP client that sends exactly the bytes it is told to and parses answers strictly.
// Used by the tests of the server layer. Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace service::testing {

struct Answer {
  int status = 0;
  std::string version;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // Empty if absent.
  std::string header(const std::string& lowercase_name) const;
};

class RawClient {
 public:
  // Connects to 127.0.0.1; throws std::runtime_error if that fails. Every wait is bounded by
  // `timeout`.
  explicit RawClient(int port, std::chrono::milliseconds timeout = std::chrono::minutes(1));
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient(RawClient&& other) noexcept;

  // False if the server closed the connection.
  bool send(std::string_view bytes);
  // One complete answer; nothing if the connection ended or the timeout passed before it.
  std::optional<Answer> read_answer(bool head_request = false);
  // True if the server ends the connection, and sends nothing before, within the timeout.
  bool closed_by_server();
  // At most 16 KiB of an answer, thrown away.
  void read_some();
  // Everything up to the end of the connection.
  std::string read_to_end();
  void shut_down_writing();
  // Closes with a reset instead of an orderly end.
  void reset();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

// `GET <target>` with a Host header.
std::string get(std::string_view target);

}  // namespace service::testing
