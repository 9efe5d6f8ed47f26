// See debug_server.h.
#include "app/debug_server.h"

#include <httplib.h>
#include <pprof/httplib.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <utility>

#include "leftpad_api.h"
#include "metrics/host_port.h"
#include "server/routes.h"

namespace service {

// Only lab 17's stage defines it.
[[gnu::weak]] std::uint32_t typical_length();

namespace {

constexpr const char* kJson = "application/json; charset=utf-8";
constexpr std::size_t kMaxDebugConnections = 128;
// A silent client keeps others out, and needs no token for that.
constexpr std::chrono::seconds kIdleTimeout{5};
constexpr std::size_t kMaxBodyBytes = std::size_t{1} << 20;  // pprof has a lower limit of its own

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
  if (typical_length != nullptr) member(json, "typical_length", typical_length());
  json.EndObject();
  return text.GetString() + std::string("\n");
}

pprof::MountOptions mount_options(const Options& options, const std::string& version) {
  std::vector<std::string> hosts = options.debug_hosts;
  hosts.push_back(parse_host_port(options.debug_addr)->host);
  return {.token = options.debug_token,
          .hosts = std::move(hosts),
          .hosts_remedy = "start the service with --debug-host=NAME or a token",
          .version = version};
}

}  // namespace

std::unique_ptr<Server> make_debug_server(const Options& options, const Vars& vars,
                                          ServerCounters& counters, const std::string& version) {
  ServerOptions server_options;
  server_options.io = options.io;
  server_options.max_threads = kMaxDebugConnections;
  server_options.idle_timeout = kIdleTimeout;
  server_options.max_body_bytes = kMaxBodyBytes;
  const pprof::MountOptions profiles = mount_options(options, version);
  server_options.takes_body = [profiles](const httplib::Request& request) {
    return !pprof::refusal(request, profiles).has_value();
  };
  auto server = make_server(server_options, counters);
  pprof::mount(*server, profiles);
  const auto answer_vars = [vars, profiles](const auto& request, auto& response) {
    if (const auto refused = pprof::refusal(request, profiles)) {
      response.status = refused->status;
      response.set_content(encode_error(refused->text), kJson);
      return;
    }
    response.set_content(vars_json(vars), kJson);
  };
  install_routes(*server, {{"GET", "/debug/vars", answer_vars}, {"GET", "/debug/pprof/*"}});
  return server;
}

}  // namespace service
