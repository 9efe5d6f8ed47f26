#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

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

int connect_first(const addrinfo* list) {
  for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
    const int fd = socket(it->ai_family, it->ai_socktype | SOCK_CLOEXEC, it->ai_protocol);
    if (fd < 0) continue;
    if (connect(fd, it->ai_addr, it->ai_addrlen) == 0) return fd;
    close(fd);
  }
  return -1;
}

}  // namespace

std::unique_ptr<Transport> make_udp_transport(const std::string& address) {
  const auto parsed = parse_host_port(address);
  if (!parsed || parsed->port == 0) {
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
  freeaddrinfo(list);
  if (fd < 0) {
    throw std::runtime_error("--statsd=" + address +
                             ": no route to this address; check it, or leave --statsd out");
  }
  return std::make_unique<UdpTransport>(fd);
}

}  // namespace service
