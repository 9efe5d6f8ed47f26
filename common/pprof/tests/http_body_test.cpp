// Requests with bodies that nobody wants, byte by byte: what follows a body on its connection must
// never be taken from inside it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "http_fixture.h"

namespace pprof {
namespace {

void set_patience(int connection, timeval limit) {
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

// Sends `request` and returns all that comes, if it begins within 4 s, until the server closes or
// is silent for half a second.
std::string exchange(int port, std::string_view request) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  set_patience(connection, {.tv_sec = 4, .tv_usec = 0});  // httplib's own is 5 s
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    while (!request.empty()) {
      const ssize_t sent = send(connection, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;  // closed by the server; what it said before is still there
      request.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = recv(connection, part.data(), part.size(), 0)) > 0;) {
      reply.append(part.data(), static_cast<std::size_t>(size));
      set_patience(connection, {.tv_sec = 0, .tv_usec = 500'000});
    }
  }
  close(connection);
  return reply;
}

std::string request_with_body(const std::string& line, const std::string& headers,
                              const std::string& body) {
  return line + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The status codes of all responses in a reply, in order.
std::string statuses(std::string_view reply) {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  std::string found;
  for (auto at = reply.find(kStart); at != std::string_view::npos; at = reply.find(kStart)) {
    reply.remove_prefix(at + kStart.size());
    found += (found.empty() ? "" : " ") + std::string(reply.substr(0, 3));
  }
  return found;
}

std::string requests(std::size_t bytes) {
  constexpr std::string_view kRequest =
      "GET /debug/pprof/cmdline HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string text;
  while (text.size() < bytes) text += kRequest;
  return text;
}

}  // namespace

TEST_F(Http, ABodyThatIsTooLargeIsReadToItsEnd) {
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const std::string body = std::string(16 * kMiB, '\0') + requests(kMiB);
  for (const char* const path : {"symbol", "profile"}) {
    const std::string request =
        request_with_body("POST /debug/pprof/" + std::string(path), "", body);
    const std::string reply = exchange(server_.port(), request);
    EXPECT_EQ(statuses(reply), path == std::string("symbol") ? "413" : "405") << path;
  }
}

TEST_F(Http, ABodyThatCannotBeReadEndsTheConnection) {
  const std::string body = requests(100'000);
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    for (const char* const headers :
         {"Content-Type: multipart/form-data; boundary=b\r\n", "Content-Encoding: gzip\r\n",
          "Content-Encoding: br\r\n", "Content-Type: multipart/form-data\r\n"}) {
      const std::string request =
          request_with_body(method + " /debug/pprof/profile", headers, body);
      const std::string reply = exchange(server_.port(), request);
      EXPECT_EQ(statuses(reply), "405") << method << ' ' << headers << reply;
      EXPECT_NE(reply.find("use GET"), std::string::npos) << method << ' ' << headers << reply;
    }
  }
}

TEST_F(Http, OnlyHttp10MayLeaveOutTheHost) {
  const std::string line = "GET /debug/pprof/cmdline HTTP/1.";
  EXPECT_TRUE(exchange(server_.port(), line + "0\r\n\r\n").find(" 200 ") != std::string::npos);
  const std::string refused = exchange(server_.port(), line + "1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(statuses(refused), "403") << refused;
}

TEST_F(Http, AMethodWithoutABodyIs405AtOnce) {
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    const std::string request =
        method + " /debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const std::string reply = exchange(server_.port(), request);
    EXPECT_EQ(statuses(reply), "405") << method << reply;
    EXPECT_NE(reply.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << method << reply;
  }
}

}  // namespace pprof
