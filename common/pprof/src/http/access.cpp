// Token, Host and Origin; see access.h.
#include "http/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/reply.h"
#include "http/url.h"

namespace pprof::internal {
namespace {

// Takes the same time wherever the first difference is, so that a token cannot be guessed
// character by character.
bool is_same(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

// ASCII, whatever the locale.
bool is_same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// What follows "Bearer", the scheme's name in any case (RFC 9110, 11.1); else empty.
std::string_view bearer_token(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !is_same_word(authorization.substr(0, space), "Bearer")) {
    return {};
  }
  authorization.remove_prefix(space);
  return authorization.substr(std::min(authorization.find_first_not_of(' '), authorization.size()));
}

// The name in "name", "name:80", "[::1]" or "[::1]:80"; empty if it is none of these.
std::string host_name(std::string_view authority) {
  std::string_view name = authority.substr(0, authority.find(':'));
  std::string_view port = authority.substr(name.size());
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    name = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  }
  const bool is_port =
      port.empty() ||
      (port.front() == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
  return is_port ? std::string(name) : std::string();
}

bool is_loopback_address(const std::string& name) {
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, name.c_str(), &v6) == 1 &&
         (IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127));
}

bool is_own_host(const Request& request, const std::vector<std::string>& hosts) {
  const auto count = std::ranges::count_if(
      request.headers, [](const auto& entry) { return is_same_word(entry.first, "Host"); });
  if (count == 0) return request.version == "HTTP/1.0";  // no browser leaves it out
  const std::string name = host_name(header(request, "Host"));
  return count == 1 && (is_same_word(name, "localhost") || is_loopback_address(name) ||
                        std::ranges::any_of(hosts, [&name](const std::string& host) {
                          return is_same_word(name, host);
                        }));
}

// A browser says in Sec-Fetch-Site how its page is related to this server, as it sees the address:
// that also holds behind a forwarded port. Without it, Origin must be the address that was asked.
bool is_own_page(const Request& request) {
  const std::string site = header(request, "Sec-Fetch-Site");
  if (site == "cross-site") return false;
  const std::string origin = header(request, "Origin");
  if (site == "same-origin" || origin.empty()) return true;
  const std::string host = header(request, "Host");
  return is_same_word(origin, "http://" + host) || is_same_word(origin, "https://" + host);
}

}  // namespace

std::string header(const Request& request, std::string_view name) {
  const auto found = std::ranges::find_if(
      request.headers, [name](const auto& entry) { return is_same_word(entry.first, name); });
  return found == request.headers.end() ? std::string() : found->second;
}

void check_hosts(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    if (host.empty() || host.find_first_of("/@[] ") != std::string::npos ||
        std::ranges::count(host, ':') == 1) {
      throw std::invalid_argument("pprof::mount: host \"" + host +
                                  "\" must be a name or an address, without scheme and port");
    }
  }
}

std::optional<Refusal> check_access(const Request& request, const MountOptions& options) {
  if (!options.token.empty()) {
    if (is_same(bearer_token(header(request, "Authorization")), options.token) ||
        is_same(parameter(split_target(request.target).query, "token").value_or(""),
                options.token)) {
      return std::nullopt;
    }
    return Refusal{401,
                   "a token is needed: send \"Authorization: Bearer TOKEN\" or add ?token=TOKEN"};
  }
  if (!is_own_host(request, options.hosts)) {
    return Refusal{403, "host " + quoted(header(request, "Host")) +
                            " is not known here: ask localhost or 127.0.0.1; for a forwarded port "
                            "or a container, " +
                            options.hosts_remedy};
  }
  if (!is_own_page(request)) {
    return Refusal{403,
                   "a page of another site sent this request, which may not ask for profiles: "
                   "type the address yourself, or set a token"};
  }
  return std::nullopt;
}

}  // namespace pprof::internal
