// Binding and listening with socket options of our own and errors that say what to do; see
// server.h. Called at start-up, from one thread.
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "app/server/server.h"

namespace service {
namespace {

// The kernel caps it at net.core.somaxconn (4096 by default). cpp-httplib's own value is 5.
constexpr int kBacklog = 1024;

std::string explain(const std::string& host, int port, int error) {
  const std::string where = "port " + std::to_string(port) + " on " + host;
  switch (error) {
    case EADDRINUSE:
      return where +
             " is in use: one server listens on a port; find who with `ss -ltnp`, or choose " +
             "another (0 takes a free one)";
    case EACCES:
      return where + " is not permitted: ports below 1024 need privileges; choose another";
    case EADDRNOTAVAIL:
      return "address " + host +
             " is not one of this machine's: bind to 127.0.0.1, to 0.0.0.0 for " +
             "all, or to an address of `ip addr`";
    default:
      return where + " cannot be bound: " + std::generic_category().message(error) +
             "; choose another";
  }
}

}  // namespace

tl::expected<int, std::string> bind_server(httplib::Server& server, const std::string& host,
                                           int port) {
  if (port < 0 || port > 65535) {
    return tl::unexpected("port " + std::to_string(port) + " is out of range: choose 0 to 65535");
  }
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, nullptr, &found); code != 0) {
    return tl::unexpected("host \"" + host + "\" has no address (" + gai_strerror(code) +
                          "): give an IP address or a name that resolves, such as 127.0.0.1");
  }
  freeaddrinfo(found);

  // cpp-httplib sets SO_REUSEPORT by default: two servers would then share one port silently.
  int listener = -1;
  server.set_socket_options([&listener](int socket) {
    listener = socket;
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  errno = 0;
  const int bound =
      port == 0 ? server.bind_to_any_port(host) : (server.bind_to_port(host, port) ? port : -1);
  const int error = errno;
  server.set_socket_options([](int) {});
  if (bound <= 0) return tl::unexpected(explain(host, port, error));
  // Listening again on the same socket only changes its backlog.
  ::listen(listener, kBacklog);
  return bound;
}

}  // namespace service
