// Servers with one constant answer, to see what the server layer costs apart from any handler:
//   constant-server buffered   the service's own connection
//   constant-server plain      cpp-httplib's own
//   constant-server bare       a read and a write in a thread per connection: the ceiling
//   constant-server version    prints the version of cpp-httplib that it was built with
// Listens on a free port of 127.0.0.1, prints it, and runs until it is killed. Driven by ratios.py.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "app/server/routes.h"
#include "app/server/server.h"

namespace {

constexpr char kBody[] = "{\"str\":\"**********************************************test\"}\n";
constexpr char kType[] = "application/json; charset=utf-8";

void announce(int port) {
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
}

int serve_library(service::IoMode io) {
  service::ServerOptions options;
  options.io = io;
  service::ServerCounters counters;
  const auto server = service::make_server(options, counters);
  service::install_routes(
      *server, {{"GET", "/v1/leftpad/", [](const httplib::Request&, httplib::Response& response) {
                   response.set_content(kBody, kType);
                 }}});
  const auto bound = service::bind_server(*server, "127.0.0.1", 0);
  if (!bound) {
    std::fprintf(stderr, "%s\n", bound.error().c_str());
    return 1;
  }
  announce(*bound);
  return server->listen_after_bind() ? 0 : 1;
}

// The least that answers a load generator: no parsing beyond the end of the head.
void serve_bare(int connection) {
  static const std::string answer =
      std::string("HTTP/1.1 200 OK\r\nContent-Type: ") + kType +
      "\r\nKeep-Alive: timeout=60, max=1000000\r\nConnection: keep-alive\r\nContent-Length: " +
      std::to_string(sizeof(kBody) - 1) + "\r\n\r\n" + kBody;
  char buffer[4096];
  std::size_t size = 0;
  while (true) {
    const ssize_t got = ::read(connection, buffer + size, sizeof(buffer) - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
    if (!std::string_view(buffer, size).ends_with("\r\n\r\n")) continue;
    if (::write(connection, answer.data(), answer.size()) < 0) break;
    size = 0;
  }
  ::close(connection);
}

int serve_all_bare() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 1024) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("constant-server");
    return 1;
  }
  announce(ntohs(address.sin_port));
  while (true) {
    const int connection = ::accept(listener, nullptr, nullptr);
    if (connection >= 0) std::thread(serve_bare, connection).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (mode == "buffered") return serve_library(service::IoMode::kBuffered);
  if (mode == "plain") return serve_library(service::IoMode::kPlain);
  if (mode == "bare") return serve_all_bare();
  if (mode == "version") return std::puts(CPPHTTPLIB_VERSION) < 0 ? 1 : 0;
  std::fprintf(stderr, "usage: constant-server buffered|plain|bare|version (not \"%s\")\n",
               std::string(mode).c_str());
  return 2;
}
