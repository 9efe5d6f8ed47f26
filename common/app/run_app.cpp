#include "app/run_app.h"

#include <httplib.h>
#include <pprof/label.h>
#include <pprof/thread.h>
#include <pprof/trace.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "app/debug_server.h"
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
constexpr std::chrono::seconds kShutdownGrace{2};

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

// A bound server with the thread that accepts its connections.
class Listener {
 public:
  // `options` names the command-line options that `address` comes from. `signals` are told to stop
  // when no more connections can be accepted.
  Listener(std::unique_ptr<Server> server, const HostPort& address, const char* options,
           const char* thread_name, StopSignals& signals)
      : server_(std::move(server)), host_(address.host), options_(options) {
    const auto bound = bind_server(*server_, address.host, address.port);
    if (!bound) throw std::runtime_error(options_ + ": " + bound.error());
    port_ = *bound;
    thread_ = std::thread([this, thread_name, &signals] {
      pprof::ThreadScope scope(thread_name);
      accept(signals);
    });
    // Else stop() would not stop it.
    while (!server_->is_running() && !ended_) std::this_thread::yield();
  }
  ~Listener() { stop(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Returns when running requests are done; their connections are cut after a grace.
  void stop() {
    server_->stop();
    const auto grace_over = std::chrono::steady_clock::now() + kShutdownGrace;
    while (!ended_ && std::chrono::steady_clock::now() < grace_over) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (!ended_) server_->cut();
    if (thread_.joinable()) thread_.join();
  }
  // After stop(): throws std::runtime_error if it had stopped by itself.
  void check() const {
    if (!failure_.empty()) throw std::runtime_error(failure_);
  }

  std::string url() const {
    const bool ipv6 = host_.find(':') != std::string::npos;
    return "http://" + (ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
  }

 private:
  void accept(StopSignals& signals) {
    if (!server_->listen_after_bind()) {
      failure_ = options_ + ": " + url() +
                 " accepts no more connections: " + std::generic_category().message(errno) +
                 "; look at the machine's open files (/proc/sys/fs/file-nr) and free memory, then "
                 "start it again";
      signals.request_stop();
    }
    ended_ = true;
  }

  std::unique_ptr<Server> server_;
  const std::string host_;
  const std::string options_;
  int port_ = 0;
  std::string failure_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

void wait_for_stop(StopSignals& signals, const Options& options, Logger& logger, LogFile& log) {
  for (;;) {
    switch (signals.wait_for(options.log_flush)) {
      case StopSignals::kTimeout:
        logger.flush();
        break;
      case StopSignals::kReopen:
        logger.flush();
        if (!log.reopen()) {
          std::cerr << "--log-file=" << options.log_file
                    << " cannot be reopened: " << std::generic_category().message(errno)
                    << "; logging goes on into the old file, mend the path and send SIGHUP again\n";
        }
        break;
      case StopSignals::kStop:
        logger.flush();  // what still runs may take longer than whoever stops us waits
        return;
    }
  }
}

void serve(const Options& options) {
  StopSignals signals;  // first: the threads started below inherit its signal mask
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
    std::cerr << "profiles at " << debug->url() << "/debug/pprof/\n";
  }
  Listener listener(make_service(options, {logger, statsd, options.max_len}, counters),
                    {options.host, options.port}, "--host, --port", "accept", signals);
  std::cerr << "listening on " << listener.url() << "\n";
  wait_for_stop(signals, options, logger, log);
  listener.stop();
  logger.flush();  // before a debug client can hold it up
  if (debug) debug->stop();
  if (log.lines_lost() > 0) {
    std::cerr << log.lines_lost() << " log lines lost: " << options.log_file
              << " could not be written; check the disk\n";
  }
  listener.check();
  if (debug) debug->check();
}

}  // namespace

int run_app(int argc, char** argv) {
  pprof::ThreadScope main_thread("main");
  const ParsedOptions parsed = parse_options(argc, argv, kVersion);
  if (parsed.exit_code) return *parsed.exit_code;
  try {
    serve(parsed.options);
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace service
