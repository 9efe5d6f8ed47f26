// Routes below the prefix; see pprof.h.
#include <httplib.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "http/access.h"
#include "http/body.h"
#include "http/endpoints.h"
#include "http/index.h"
#include "http/profile_request.h"
#include "http/reply.h"
#include "http/symbol.h"
#include "pprof/pprof.h"
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

// httplib takes paths as regular expressions.
std::string escape_pattern(const std::string& text) {
  constexpr std::string_view kSpecial = R"(\^$.|?*+()[]{})";
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string query_of(const httplib::Request& request) {
  const std::size_t mark = request.target.find('?');
  return mark == std::string::npos ? "" : request.target.substr(mark + 1);
}

// Answers everything below one prefix. Shared by the handlers of one mount().
class Router {
 public:
  explicit Router(MountOptions options) : options_(std::move(options)) {}

  // `path` is what follows "prefix/". `body`: of a POST to symbol.
  void answer(const std::string& path, const httplib::Request& request, httplib::Response& response,
              const std::string& body = {}) const {
    if (const auto refused = check_access(request, options_)) {
      reply_error(response, {refused->status, refused->text});
      if (refused->status == 401) response.set_header("WWW-Authenticate", "Bearer");
      return;
    }
    const bool is_get = request.method == "GET" || request.method == "HEAD";
    const bool is_symbol = path == "symbol";
    if (!is_get && !(is_symbol && request.method == "POST")) {
      const std::string allow = is_symbol ? "GET, HEAD, POST" : "GET, HEAD";
      return reply_error(response,
                         {405, "method " + request.method + " is not allowed: use " + allow,
                          std::chrono::seconds(0), allow});
    }
    try {
      if (const Endpoint* endpoint = find_endpoint(path); endpoint != nullptr) {
        answer_profile(*endpoint, options_.max_duration, request, response);
      } else {
        answer_page(path, request, response, body);
      }
    } catch (const std::exception& error) {  // the threads cannot be listed
      reply_error(response, {500, error.what()});
    }
  }

 private:
  void answer_page(const std::string& path, const httplib::Request& request,
                   httplib::Response& response, const std::string& body) const {
    std::string content;
    if (path.empty()) {
      content = index_page({options_.prefix, options_.version, request.get_header_value("Host"),
                            request.get_param_value("token")});
    } else if (path == "cmdline") {
      content = command_line();
    } else if (path == "symbol") {
      return answer_symbol(request.method == "POST" ? body : query_of(request), request, response);
    } else {
      constexpr std::size_t kShown = 40;
      return reply_error(response, {404, "unknown profile \"" + path.substr(0, kShown) +
                                             "\": " + options_.prefix + "/ lists what there is"});
    }
    set_common_headers(response);
    response.set_content(content, path.empty() ? "text/html; charset=utf-8" : kPlainText);
  }

  MountOptions options_;
};

void add_routes(httplib::Server& server, const MountOptions& options) {
  const auto router = std::make_shared<const Router>(options);
  const std::string base = escape_pattern(options.prefix);
  const auto answer = [router](const httplib::Request& request, httplib::Response& response) {
    router->answer(request.matches[1], request, response);
  };
  const std::string below = base + "/(.*)";
  server.Get(below, answer);
  server.Options(below, answer);
  const auto answer_body = [router](const httplib::Request& request, httplib::Response& response,
                                    const httplib::ContentReader& reader) {
    const Body body = read_body(request, reader);
    if (body.error && request.method == "POST" && request.matches[1] == "symbol") {
      reply_error(response, *body.error);
    } else {
      router->answer(request.matches[1], request, response, body.text);
    }
    if (!body.is_read) close_after(response);
  };
  server.Post(below, answer_body);
  server.Put(below, answer_body);
  server.Patch(below, answer_body);
  server.Delete(below, answer_body);
  server.Get(base, [prefix = options.prefix](const httplib::Request& request,
                                             httplib::Response& response) {
    const std::string query = query_of(request);
    response.set_redirect(prefix + "/" + (query.empty() ? "" : "?" + query), 301);
  });
}

}  // namespace
}  // namespace internal

void mount(httplib::Server& server, const MountOptions& options) {
  internal::check_options(options);
  internal::Symbolizer::instance();  // opens the program's files while they are surely there
  internal::endpoints();
  internal::add_routes(server, options);
}

std::optional<Refusal> refusal(const httplib::Request& request, const MountOptions& options) {
  return internal::check_access(request, options);
}

}  // namespace pprof
