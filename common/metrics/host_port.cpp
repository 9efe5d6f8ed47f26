// See host_port.h.
#include "metrics/host_port.h"

#include <charconv>

namespace service {

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(colon + 1);
  int port = -1;
  const auto [stop, status] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool whole = stop == digits.data() + digits.size() && status == std::errc{};
  if (host.empty() || !whole || port < 0 || port > 65535) return std::nullopt;
  return HostPort{std::string(host), port};
}

}  // namespace service
