// See debug_server.h.
#include "app/debug_server.h"

#include <httplib.h>
#include <pprof/pprof.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "leftpad_api.h"
#include "server/routes.h"

namespace service {
namespace {

constexpr const char* kJson = "application/json; charset=utf-8";
constexpr std::size_t kMaxDebugConnections = 128;
// A silent client keeps others out, and needs no token for that.
constexpr std::chrono::seconds kIdleTimeout{5};
constexpr std::size_t kMaxSymbolQueryBytes = std::size_t{16} << 20;  // what pprof's symbol takes

using JsonWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void member(JsonWriter& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Uint64(value);
}

std::string vars_json(const Vars& vars) {
  rapidjson::StringBuffer text;
  JsonWriter json(text);
  json.SetIndent(' ', 2);
  json.StartObject();
  json.Key("server");
  json.StartObject();
  vars.server.for_each(
      [&json](const char* name, std::uint64_t value) { member(json, name, value); });
  json.EndObject();
  json.Key("metrics");
  json.StartObject();
  member(json, "packets_sent", vars.metrics.sent());
  member(json, "packets_dropped", vars.metrics.dropped());
  json.EndObject();
  json.Key("log");
  json.StartObject();
  member(json, "writes", vars.log.writes());
  member(json, "bytes_written", vars.log.bytes_written());
  member(json, "lines_lost", vars.log.lines_lost());
  json.EndObject();
  json.EndObject();
  return text.GetString() + std::string("\n");
}

}  // namespace

std::unique_ptr<Server> make_debug_server(const Options& options, const Vars& vars,
                                          ServerCounters& counters, const std::string& version) {
  ServerOptions server_options;
  server_options.io = options.io;
  server_options.max_threads = kMaxDebugConnections;
  server_options.idle_timeout = kIdleTimeout;
  server_options.max_body_bytes = kMaxSymbolQueryBytes;
  server_options.takes_body = [token = options.debug_token](const httplib::Request& request) {
    return pprof::is_authorized(request, token);
  };
  auto server = make_server(server_options, counters);
  pprof::mount(*server, {.token = options.debug_token, .version = version});
  const auto answer_vars = [vars, token = options.debug_token](const auto& request,
                                                               auto& response) {
    if (!pprof::is_authorized(request, token)) {
      response.status = 401;
      response.set_content(encode_error("a token is needed: add ?token=TOKEN"), kJson);
      return;
    }
    response.set_content(vars_json(vars), kJson);
  };
  install_routes(*server, {{"GET", "/debug/vars", answer_vars}, {"GET", "/debug/pprof/*"}});
  return server;
}

}  // namespace service
