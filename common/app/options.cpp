// See options.h.
#include "app/options.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <iostream>

#include "metrics/host_port.h"

namespace service {
namespace {

constexpr int kUsageError = 2;

CLI::Validator host_port(const char* example) {
  return CLI::Validator(
      [example](const std::string& text) {
        return parse_host_port(text) ? std::string()
                                     : "\"" + text + "\" is not HOST:PORT; for example " + example;
      },
      "HOST:PORT");
}

// Digits only: CLI11's own Range takes 0x10, and 010 for 8.
CLI::Validator whole_number(long smallest, long largest) {
  const std::string range = std::to_string(smallest) + " to " + std::to_string(largest);
  return CLI::Validator(
      [=](const std::string& text) {
        long number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool is_decimal = end == text.data() + text.size() && (text[0] != '0' || text == "0");
        const bool good =
            error == std::errc() && is_decimal && number >= smallest && number <= largest;
        return good ? std::string() : "\"" + text + "\" is not a whole number from " + range;
      },
      "INT in [" + std::to_string(smallest) + " - " + std::to_string(largest) + "]");
}

// A metric carries the rate with six decimals, and the server divides by what it reads.
bool survives_six_decimals(double rate) {
  char digits[16];  // enough for rates up to 1
  const char* const end =
      std::to_chars(digits, digits + sizeof digits, rate, std::chars_format::fixed, 6).ptr;
  double read = 0;
  std::from_chars(digits, end, read);
  return std::abs(read - rate) < 1e-9;  // CLI11 rounds twice: some rates differ in the last bit
}

// CLI11's own Range lets nan through.
CLI::Validator sample_rate() {
  return CLI::Validator(
      [](const std::string& text) {
        double rate = 0;
        const bool good = CLI::detail::lexical_cast(text, rate) && rate >= 0.000001 && rate <= 1 &&
                          survives_six_decimals(rate);
        return good ? std::string()
                    : "\"" + text +
                          "\" is not a rate from 0.000001 to 1 with at most six decimals; for "
                          "example 0.5";
      },
      "FLOAT in [0.000001 - 1]");
}

CLI::Validator metric_prefix() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool good = !text.empty() && text.size() <= 200 &&
                          text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789._-") == std::string::npos;
        return good
                   ? std::string()
                   : "\"" + text + "\": use letters, digits, '.', '_' and '-', for example leftpad";
      },
      "NAME");
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";  // other names, even 127.example.org, may lead anywhere
}

// Rules that concern more than one option.
void check(const Options& options) {
  if (options.debug_addr == "off") return;
  const std::string host = parse_host_port(options.debug_addr)->host;
  if (!is_loopback(host) && options.debug_token.empty()) {
    throw CLI::ValidationError("--debug-addr",
                               host +
                                   " is not a loopback address, so profiles would be open to the "
                                   "network; give --debug-token=SECRET too, or use 127.0.0.1");
  }
}

void add_network_options(CLI::App& app, Options& o) {
  app.add_option("--host", o.host, "Address to serve on")->capture_default_str();
  app.add_option("--port", o.port, "Port to serve on; 0 takes any free one")
      ->check(whole_number(0, 65535))
      ->capture_default_str();
  app.add_option("--debug-addr", o.debug_addr,
                 "Where /debug/pprof/ and /debug/vars are served; \"off\": nowhere")
      ->check(host_port("127.0.0.1:6060") | CLI::IsMember({"off"}))
      ->capture_default_str();
  app.add_option("--debug-token", o.debug_token,
                 "Secret asked of debug clients; needed when --debug-addr is not loopback");
  app.add_option("--threads", o.threads, "Most connections served at once, a thread each")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--io",
         [&o](const std::string& mode) {
           o.io = mode == "plain" ? IoMode::kPlain : IoMode::kBuffered;
         },
         "buffered: few system calls, strict about HTTP; plain: cpp-httplib's own I/O and limits")
      ->check(CLI::IsMember({"buffered", "plain"}))
      ->default_str("buffered");
  app.add_option_function<int>(
         "--shutdown-grace", [&o](int grace) { o.shutdown_grace = std::chrono::seconds(grace); },
         "Seconds that running requests get to be answered after SIGTERM or SIGINT")
      ->check(whole_number(0, 3600))
      ->default_str(std::to_string(o.shutdown_grace.count()));
  app.add_option("--max-len", o.max_len, "Largest `len` a client may ask for, in code points")
      ->check(whole_number(1, 16 * 1024 * 1024))
      ->capture_default_str();
}

void add_metrics_options(CLI::App& app, Options& o) {
  app.add_option("--statsd", o.statsd, "StatsD server (UDP); none: packets are discarded")
      ->check(host_port("127.0.0.1:8125"));
  app.add_option("--sample-rate", o.metrics.sample_rate, "Share of metrics sent")
      ->check(sample_rate())
      ->capture_default_str();
  app.add_option("--namespace", o.metrics.prefix, "First part of every metric's name")
      ->check(metric_prefix())
      ->capture_default_str();
}

void add_log_options(CLI::App& app, Options& o) {
  app.add_option("--log-file", o.log_file, "File to log to; - is standard error")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--log-level",
         [&o](const std::string& level) {
           o.log_level = level == "debug"  ? LogLevel::kDebug
                         : level == "info" ? LogLevel::kInfo
                                           : LogLevel::kOff;
         },
         "A stage without levels writes every line")
      ->check(CLI::IsMember({"debug", "info", "off"}))
      ->default_str("info");
  app.add_option_function<int>(
         "--log-flush-ms", [&o](int ms) { o.log_flush = std::chrono::milliseconds(ms); },
         "Longest time a line stays in the buffer, in milliseconds")
      ->check(whole_number(10, 60'000))
      ->default_str("200");
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv, const std::string& version) {
  ParsedOptions parsed;
  CLI::App app("Left-pad microservice. GET /v1/leftpad/?str=test&len=50&chr=*");
  app.get_formatter()->column_width(34);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.footer(
      "Signals: SIGTERM and SIGINT end it: no new connections, running requests get "
      "--shutdown-grace;\nthen they are cut and counted on standard error, and it exits within a "
      "second. A second\nsignal ends it at once. SIGHUP reopens the log file.");
  app.set_version_flag("--version", version, "Print the version and the stage");
  add_network_options(app, parsed.options);
  add_metrics_options(app, parsed.options);
  add_log_options(app, parsed.options);
  try {
    app.parse(argc, argv);
    check(parsed.options);
  } catch (const CLI::Success& request) {
    parsed.exit_code = app.exit(request);
  } catch (const CLI::ParseError& error) {
    std::cerr << argv[0] << ": " << error.what() << "; see --help\n";
    parsed.exit_code = kUsageError;
  }
  return parsed;
}

}  // namespace service
