// Routes below the prefix; see handler.h.
#include "pprof/handler.h"

#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

#include "http/access.h"
#include "http/index.h"
#include "http/profile_request.h"
#include "http/reply.h"
#include "http/symbol.h"
#include "http/url.h"
#include "profiles/table.h"
#include "symbolize/symbolizer.h"

namespace pprof {
namespace internal {
namespace {

void check_options(const MountOptions& options) {
  const std::string& prefix = options.prefix;
  if (prefix.size() < 2 || prefix.front() != '/' || prefix.back() == '/') {
    throw std::invalid_argument("pprof::mount: prefix \"" + prefix +
                                "\" must start with '/', not end with it, and not be empty");
  }
  check_hosts(options.hosts);
  // In nanoseconds and added to a clock, more would overflow.
  constexpr std::chrono::seconds kMost = std::chrono::hours(24 * 365);
  if (options.max_duration.count() <= 0 || options.max_duration > kMost) {
    throw std::invalid_argument("pprof::mount: max_duration is " +
                                std::to_string(options.max_duration.count()) +
                                " s: it must be from 1 s to a year");
  }
}

Response unknown(const std::string& name, const std::string& prefix) {
  return error_reply(
      {404, "unknown profile " + quoted(name) + ": " + prefix + "/ lists what there is"});
}

Response redirect_to_index(const std::string& prefix, std::string_view query) {
  Response response = reply(kPlainText);
  response.status = 301;
  response.headers.emplace_back("Location",
                                prefix + "/" + (query.empty() ? "" : "?" + std::string(query)));
  return response;
}

Response answer_post(const Request& request) {
  const std::optional<std::string>& body = request.body;
  if (header(request, "Content-Type").starts_with("multipart/form-data")) {
    return error_reply({400, "the body is a form: send the addresses alone, as curl -d does"});
  }
  if (!body) return error_reply({400, "the body is incomplete: send it again"});
  if (body->size() > Request::kMaxBody) {
    return error_reply(
        {413, "the body is above 256 KiB: send at most 10,000 addresses in a request"});
  }
  return answer_symbol(*body, request);
}

Response answer(const MountOptions& options, const Request& request) {
  if (const auto refused = check_access(request, options)) {
    return error_reply({refused->status, refused->text});
  }
  const auto [path, query] = split_target(request.target);
  const bool is_below = path.starts_with(options.prefix + "/");
  const std::string name = is_below ? path.substr(options.prefix.size() + 1) : path;
  const bool is_get = request.method == "GET" || request.method == "HEAD";
  if (is_get && path == options.prefix) return redirect_to_index(options.prefix, query);
  if (!is_below) return unknown(path, options.prefix);
  const bool is_symbol = name == "symbol";
  if (is_symbol && request.method == "POST") return answer_post(request);
  if (!is_get) {
    const std::string allow = is_symbol ? "GET, HEAD, POST" : "GET, HEAD";
    return error_reply(
        {405, "method " + quoted(request.method) + " is not allowed: use " + allow, allow});
  }
  if (is_symbol) return answer_symbol(std::string(query), request);
  if (name == "cmdline") return reply(kPlainText, command_line());
  if (name.empty()) {
    return reply("text/html; charset=utf-8",
                 index_page({options.prefix, options.version, header(request, "Host"),
                             parameter(query, "token").value_or("")}));
  }
  const Endpoint* const endpoint = find_endpoint(name);
  return endpoint == nullptr ? unknown(name, options.prefix)
                             : answer_profile(*endpoint, options.max_duration, query, request);
}

}  // namespace
}  // namespace internal

Handler::Handler(MountOptions options) : options_(std::move(options)) {
  internal::check_options(options_);
  internal::Symbolizer::instance();  // opens the program's files while they are surely there
  internal::endpoints();
}

Response Handler::operator()(const Request& request) const {
  try {
    return internal::answer(options_, request);
  } catch (const std::exception& error) {
    return internal::error_reply({500, error.what()});  // the threads cannot be listed
  }
}

bool is_connected(int socket) noexcept {
  char byte = 0;
  const ssize_t sent = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return sent > 0 || (sent < 0 && errno == EAGAIN);
}

std::optional<Refusal> refusal(const Request& request, const MountOptions& options) {
  return internal::check_access(request, options);
}

}  // namespace pprof
