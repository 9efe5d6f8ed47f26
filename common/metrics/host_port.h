// Reads HOST:PORT as given to --debug-addr and --statsd. Pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace service {

struct HostPort {
  std::string host;
  int port = 0;  // 0 to 65535
};

// `HOST:PORT` or `[IPV6]:PORT`. An empty host or a port that is not a number from 0 to 65535:
// nullopt.
std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace service
