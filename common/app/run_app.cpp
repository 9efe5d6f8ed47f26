// See run_app.h. Compiled into each stage, since it names what a stage defines.
#include "app/run_app.h"

#include <httplib.h>
#include <pprof/label.h>
#include <pprof/thread.h>
#include <pprof/trace.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "app/debug_server.h"
#include "app/listener.h"
#include "app/options.h"
#include "app/signals.h"
#include "metrics/host_port.h"
#include "server/routes.h"
#include "server/server.h"
#include "stage.h"

namespace service {
namespace {

constexpr char kVersion[] = "leftpad " WORKSHOP_VERSION " " STAGE_NAME;
constexpr char kLeftpadRoute[] = "/v1/leftpad/";
// What is cut when the grace is over has this long to end by itself.
constexpr std::chrono::milliseconds kAfterCut{500};
// Beyond the grace: a log on a dead disk could hold the end up. The signals' thread ends it then.
constexpr std::chrono::seconds kStuck{2};

using Clock = std::chrono::steady_clock;

// Names the route in CPU and wall profiles and in traces.
HttpHandler labelled(const char* route, HttpHandler next) {
  return [route, next = std::move(next)](const auto& request, auto& response) {
    pprof::LabelScope label("route", route);
    pprof::TraceSpan span(route, "request");
    next(request, response);
  };
}

std::unique_ptr<Transport> make_transport(const std::string& statsd) {
  if (statsd.empty()) return std::make_unique<DiscardTransport>();
  return make_udp_transport(statsd);
}

std::unique_ptr<Server> make_service(const Options& options, const Services& services,
                                     ServerCounters& counters) {
  ServerOptions server_options;
  server_options.io = options.io;
  server_options.max_threads = options.threads;
  auto server = make_server(server_options, counters);
  server->set_default_headers({{"Content-Type", "application/json; charset=utf-8"}});
  install_routes(*server,
                 {{"GET", kLeftpadRoute,
                   labelled(kLeftpadRoute, timed_handler(services, "leftpad", leftpad_handler))}});
  return server;
}

void wait_for_stop(StopSignals& signals, const Options& options, Logger& logger, LogFile& log,
                   LogFile& console) {
  for (;;) {
    switch (signals.wait_for(options.log_flush)) {
      case StopSignals::kTimeout:
        logger.flush();
        break;
      case StopSignals::kReopen:
        logger.flush();
        if (!log.reopen()) {
          console.write("--log-file=" + options.log_file +
                        " cannot be reopened: " + std::generic_category().message(errno) +
                        "; logging goes on into the old file, correct the path and send SIGHUP "
                        "again\n");
        }
        break;
      case StopSignals::kStop:
        logger.flush();  // running requests may outlast the supervisor's patience
        return;
    }
  }
}

// "1 request", "2 requests".
std::string number_of(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Stops both; what runs longer than the grace is cut and reported. False if a handler runs on even
// now: no object that it may use can be destroyed then.
bool finish(Listener& service, Listener* debug, std::chrono::seconds grace, LogFile& console) {
  const auto deadline = Clock::now() + grace;
  const auto ended_by = [&](Clock::time_point time) {
    return service.ended_by(time) && (debug == nullptr || debug->ended_by(time));
  };
  service.stop();
  if (debug != nullptr) debug->stop();
  if (ended_by(deadline)) return true;
  service.cut();
  if (debug != nullptr) debug->cut();
  const bool all_ended = ended_by(deadline + kAfterCut);
  // Counted now: an answer that was on its way when the grace was over has arrived or not.
  const std::size_t cut = service.unanswered() + (debug == nullptr ? 0 : debug->unanswered());
  if (cut > 0) {
    console.write(number_of(cut, "request") + " cut: not answered within --shutdown-grace=" +
                  std::to_string(grace.count()) + " (seconds)\n");
  }
  return all_ended;
}

void serve(const Options& options, LogFile& console) {
  // First: the threads started below inherit its signal mask.
  StopSignals signals(options.shutdown_grace + kStuck);
  LogFile log(options.log_file);
  Logger logger(log, options.log_level);
  const auto transport = make_transport(options.statsd);
  StatsD statsd(*transport, options.metrics);
  ServerCounters counters;
  ServerCounters debug_counters;
  std::optional<Listener> debug;
  if (options.debug_addr != "off") {
    debug.emplace(make_debug_server(options, {counters, *transport, log}, debug_counters, kVersion),
                  *parse_host_port(options.debug_addr), "--debug-addr", "debug-accept", signals);
  }
  const bool same_port = debug && debug->port() == options.port;
  Listener listener(
      make_service(options, {logger, statsd, options.max_len}, counters),
      {options.host, options.port},
      same_port ? "--host, --port (--debug-addr has the same port)" : "--host, --port", "accept",
      signals);
  if (debug) console.write("profiles at " + debug->url() + "/debug/pprof/\n");
  console.write("listening on " + listener.url() + "\n");
  wait_for_stop(signals, options, logger, log, console);
  const bool all_ended =
      finish(listener, debug ? &*debug : nullptr, options.shutdown_grace, console);
  logger.flush();
  if (log.lines_lost() > 0) {
    console.write(number_of(log.lines_lost(), "log line") + " lost: " + options.log_file +
                  " did not take them; its disk was full, or its reader did not read\n");
  }
  std::string failure = listener.failure();
  if (failure.empty() && debug) failure = debug->failure();
  if (!all_ended) {
    if (!failure.empty()) console.write(failure + "\n");
    _exit(failure.empty() ? 0 : 1);
  }
  if (!failure.empty()) throw std::runtime_error(failure);
}

}  // namespace

int run_app(int argc, char** argv) {
  pprof::ThreadScope main_thread("main");
  const auto options = parse_options(argc, argv, kVersion);
  if (!options) return options.error();
  LogFile console("-");  // nothing that this program writes waits for its reader
  try {
    serve(*options, console);
  } catch (const std::exception& error) {
    console.write(argv[0] + std::string(": ") + error.what() + "\n");
    return 1;
  }
  return 0;
}

}  // namespace service
