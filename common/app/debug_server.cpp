#include "app/debug_server.h"

#include <pprof/pprof.h>

#include <nlohmann/json.hpp>

namespace service {
namespace {

constexpr std::size_t kMaxDebugConnections = 32;

std::string vars_json(const Vars& vars) {
  nlohmann::ordered_json json;
  vars.server.for_each(
      [&json](const char* name, std::uint64_t value) { json["server"][name] = value; });
  json["metrics"] = {{"packets_sent", vars.metrics.sent()},
                     {"packets_dropped", vars.metrics.dropped()}};
  json["log"] = {{"writes", vars.log.writes()},
                 {"bytes_written", vars.log.bytes_written()},
                 {"lines_lost", vars.log.lines_lost()}};
  return json.dump(2) + "\n";
}

}  // namespace

std::unique_ptr<httplib::Server> make_debug_server(const Options& options, const Vars& vars,
                                                   ServerCounters& counters,
                                                   const std::string& version) {
  ServerOptions server_options;
  server_options.io = options.io;
  server_options.max_threads = kMaxDebugConnections;
  auto server = make_server(server_options, counters);
  pprof::mount(*server, {.token = options.debug_token, .version = version});
  server->Get("/debug/vars", [vars](const auto&, auto& response) {
    response.set_content(vars_json(vars), "application/json; charset=utf-8");
  });
  install_error_pages(*server, {{"GET", "/debug/vars"}});
  return server;
}

}  // namespace service
