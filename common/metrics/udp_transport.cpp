// See transport.h.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "metrics/host_port.h"
#include "metrics/transport.h"

namespace service {
namespace {

class UdpTransport final : public Transport {
 public:
  explicit UdpTransport(int fd) : fd_(fd) {}
  ~UdpTransport() override { close(fd_); }
  UdpTransport(const UdpTransport&) = delete;
  UdpTransport& operator=(const UdpTransport&) = delete;

 private:
  bool deliver(std::string_view packet) override {
    return ::send(fd_, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
  }

  const int fd_;
};

// -1 if none takes it, the reason of the last in errno.
int connect_first(const addrinfo* list) {
  for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
    const int fd = socket(it->ai_family, it->ai_socktype | SOCK_CLOEXEC, it->ai_protocol);
    if (fd < 0) continue;
    if (connect(fd, it->ai_addr, it->ai_addrlen) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
  }
  return -1;
}

}  // namespace

std::unique_ptr<Transport> make_udp_transport(const std::string& address) {
  const auto parsed = parse_host_port(address);
  if (!parsed) {
    throw std::runtime_error("--statsd=" + address +
                             ": not an address; give HOST:PORT, for example 127.0.0.1:8125");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const auto port = std::to_string(parsed->port);
  if (const int status = getaddrinfo(parsed->host.c_str(), port.c_str(), &hints, &list)) {
    throw std::runtime_error("--statsd=" + address + ": " + gai_strerror(status) +
                             "; check the name, or give an IP address");
  }
  const int fd = connect_first(list);
  const int error = errno;
  freeaddrinfo(list);
  if (fd < 0) {
    throw std::runtime_error("--statsd=" + address + ": no packets can go there (" +
                             std::generic_category().message(error) +
                             "); give the address of one server, or leave --statsd out");
  }
  return std::make_unique<UdpTransport>(fd);
}

}  // namespace service
