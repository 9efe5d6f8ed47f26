// Routes and error pages; see routes.h. Runs on the server's worker threads, on immutable data.
#include "app/server/routes.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "leftpad_api.h"

namespace service {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;
using Table = std::shared_ptr<const std::vector<Route>>;

constexpr const char* kJson = "application/json; charset=utf-8";

bool path_matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return path == pattern;
  pattern.remove_suffix(1);
  return path.starts_with(pattern);
}

// Methods of `path` for the Allow header, of any path for "*"; empty if the path is unknown.
std::string allowed_methods(const std::vector<Route>& routes, std::string_view path) {
  std::string allow;
  const auto add = [&allow](const std::string& method) {
    if (allow.find(method) == std::string::npos) allow += (allow.empty() ? "" : ", ") + method;
  };
  for (const Route& route : routes) {
    if (path != "*" && !path_matches(route.path, path)) continue;
    add(route.method);
    if (route.method == "GET") add("HEAD");
  }
  return allow;
}

HandlerResponse serve(const std::vector<Route>& routes, const httplib::Request& request,
                      httplib::Response& response) {
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  for (const Route& route : routes) {
    if (route.path != request.path || route.method != method || !route.handler) continue;
    route.handler(request, response);
    return HandlerResponse::Handled;
  }
  if (request.path == "*" && method == "OPTIONS") {
    response.status = 204;
    response.set_header("Allow", allowed_methods(routes, "*"));
    return HandlerResponse::Handled;
  }
  return HandlerResponse::Unhandled;
}

// cpp-httplib leaves `path` empty for a method that it does not know.
std::string_view path_of(const httplib::Request& request) {
  if (!request.path.empty()) return request.path;
  const std::string_view target = request.target;
  return target.substr(0, target.find_first_of("?#"));
}

// A request that was understood, but has no handler. cpp-httplib answers 400 instead of 404 to
// CONNECT, TRACE and to methods that it does not know.
bool is_unrouted(const httplib::Request& request, int status) {
  static constexpr std::string_view kRouted[] = {"GET",    "HEAD",  "POST",   "PUT",
                                                 "DELETE", "PATCH", "OPTIONS"};
  return status == 404 ||
         (status == 400 && request.version.starts_with("HTTP/1.") &&
          std::find(std::begin(kRouted), std::end(kRouted), request.method) == std::end(kRouted));
}

std::string_view message_for(int status) {
  static constexpr std::pair<int, std::string_view> kMessages[] = {
      {400, "bad request: the request is not valid HTTP/1.1"},
      {404, "not found: no such path"},
      {405, "method not allowed: use a method of the Allow header"},
      {413, "request body too large"},
      {414, "request target too long"},
      {416, "range not satisfiable: leave Range out"},
      {500, "internal error"}};
  for (const auto& [known, message] : kMessages) {
    if (known == status) return message;
  }
  return "request failed";
}

void answer_error(const std::vector<Route>& routes, const httplib::Request& request,
                  httplib::Response& response) {
  if (!response.body.empty() || response.content_provider_) return;
  if (is_unrouted(request, response.status)) {
    const std::string allow = allowed_methods(routes, path_of(request));
    response.status = allow.empty() ? 404 : 405;
    if (!allow.empty()) response.set_header("Allow", allow);
  }
  response.set_content(encode_error(message_for(response.status)), kJson);
}

}  // namespace

void install_routes(httplib::Server& server, std::vector<Route> routes) {
  const Table table = std::make_shared<const std::vector<Route>>(std::move(routes));
  server.set_pre_routing_handler(
      [table](const auto& request, auto& response) { return serve(*table, request, response); });
  server.set_error_handler([table](const httplib::Request& request, httplib::Response& response) {
    answer_error(*table, request, response);
  });
  server.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
        response.body.clear();
        response.status = 500;  // the error handler fills the body
      });
}

}  // namespace service
