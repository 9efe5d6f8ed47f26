// Raw client; see raw_client.h.
#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace service::testing {

std::string Answer::header(const std::string& lowercase_name) const {
  const auto found = headers.find(lowercase_name);
  return found == headers.end() ? std::string() : found->second;
}

RawClient::RawClient(int port, std::chrono::milliseconds timeout) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval limit{seconds.count(), std::chrono::microseconds(timeout - seconds).count()};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const std::string reason = std::generic_category().message(errno);
    ::close(socket_);
    throw std::runtime_error("connect: " + reason);
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  char block[16 * 1024];
  const ssize_t size = ::recv(socket_, block, sizeof(block), 0);
  if (size <= 0) return false;
  buffer_.append(block, static_cast<std::size_t>(size));
  return true;
}

std::optional<Answer> RawClient::read_answer(bool head_request) {
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  Answer answer;
  answer.version = buffer_.substr(0, buffer_.find(' '));
  answer.status = std::stoi(buffer_.substr(buffer_.find(' ') + 1, 3));
  for (std::size_t line = buffer_.find("\r\n") + 2; line < head_end;) {
    const std::size_t end = buffer_.find("\r\n", line);
    const std::size_t colon = buffer_.find(':', line);
    std::string name = buffer_.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = buffer_.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  buffer_.erase(0, head_end + 4);
  const std::string length = answer.header("content-length");
  const std::size_t size = head_request || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size) {
    if (!fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

void RawClient::read_some() {
  fill();
  buffer_.clear();
}

bool RawClient::closed_by_server() {
  if (!buffer_.empty()) return false;
  char byte = 0;
  const ssize_t size = ::recv(socket_, &byte, 1, 0);
  return size == 0 || (size < 0 && errno == ECONNRESET);
}

std::string RawClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void RawClient::shut_down_writing() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ::close(std::exchange(socket_, -1));
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

}  // namespace service::testing
