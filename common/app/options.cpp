// See options.h.
#include "app/options.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <span>
#include <string_view>

#include "app/option_checks.h"
#include "metrics/host_port.h"

namespace service {
namespace {

constexpr int kUsageError = 2;

constexpr char kTokenVariable[] = "PPROF_DEBUG_TOKEN";

// The first line of a file, to be checked like a token from the command line.
std::string read_token(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    throw CLI::ValidationError("--debug-token-file", "\"" + path +
                                                         "\" cannot be read, or is empty; give a "
                                                         "file whose first line is the token");
  }
  if (const std::string error = token()(text); !error.empty()) {
    throw CLI::ValidationError("--debug-token-file", "\"" + path + "\": " + error);
  }
  return text;
}

// An option whose value is an empty variable of a shell would take the next word for its value.
void check_words(int argc, char** argv) {
  for (const std::string_view word : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      throw CLI::ValidationError(std::string(word), "it has no value; give one, or leave it out");
    }
  }
}

// Rules that concern more than one option.
void check_together(Options& options, const std::string& token_of_file) {
  if (!token_of_file.empty()) {
    if (!options.debug_token.empty()) {
      throw CLI::ValidationError("--debug-token-file",
                                 std::string("the token is given by --debug-token or ") +
                                     kTokenVariable + " as well; leave one of them out");
    }
    options.debug_token = token_of_file;
  }
  if (options.debug_addr == "off" || !options.debug_token.empty()) return;
  const std::string host = parse_host_port(options.debug_addr)->host;
  if (!is_loopback(host)) {
    throw CLI::ValidationError("--debug-addr",
                               host +
                                   " is not a loopback address, so profiles would be open to the "
                                   "network; give --debug-token-file=FILE too, or use 127.0.0.1");
  }
}

void add_network_options(CLI::App& app, Options& o) {
  app.add_option("--host", o.host, "Address to serve on")
      ->transform(without_brackets())
      ->type_name("HOST")
      ->capture_default_str();
  app.add_option("--port", o.port, "Port to serve on; 0 takes any free one")
      ->check(whole_number(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--threads", o.threads,
                 "Most connections served at once, a thread each; 1 to 65536")
      ->check(whole_number(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--io",
         [&o](const std::string& mode) {
           o.io = mode == "plain" ? IoMode::kPlain : IoMode::kBuffered;
         },
         "buffered: few system calls, strict about HTTP\nplain: cpp-httplib's own I/O and limits, "
         "not for a network")
      ->check(one_of({"buffered", "plain"}))
      ->type_name("MODE")
      ->default_str("buffered");
  app.add_option("--max-len", o.max_len, "Largest `len` a client may ask for, in code points")
      ->check(whole_number(1, 16 * 1024 * 1024))
      ->type_name("N")
      ->capture_default_str();
  app.add_option_function<int>(
         "--shutdown-grace", [&o](int grace) { o.shutdown_grace = std::chrono::seconds(grace); },
         "Seconds that running requests get to be answered after SIGTERM\nor SIGINT; at most 3600")
      ->check(whole_number(0, 3600))
      ->type_name("SECONDS")
      ->default_str(std::to_string(o.shutdown_grace.count()));
}

void add_debug_options(CLI::App& app, Options& o, std::string& token_of_file) {
  app.add_option("--debug-addr", o.debug_addr,
                 "Where /debug/pprof/ and /debug/vars are served; \"off\": nowhere")
      ->check(host_port(0, "127.0.0.1:6060", "off"))
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--debug-host", o.debug_hosts,
                 "Name by which a forwarded port is asked, for example my-box.example.org:\n"
                 "without a token only localhost and 127.0.0.1 are answered. Repeatable")
      ->check(host_name())
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--debug-token", o.debug_token,
                 "Secret asked of debug clients; needed when --debug-addr is not loopback.\n"
                 "Every user of the machine can read it in ps: better in the environment\n"
                 "or in a file")
      ->check(token())
      ->type_name("SECRET")
      ->envname(kTokenVariable);
  app.add_option_function<std::string>(
         "--debug-token-file",
         [&token_of_file](const std::string& path) { token_of_file = read_token(path); },
         "File whose first line is that secret")
      ->type_name("FILE");
}

void add_metrics_options(CLI::App& app, Options& o) {
  app.add_option("--statsd", o.statsd, "StatsD server (UDP); none: packets are discarded")
      ->check(host_port(1, "127.0.0.1:8125"))
      ->type_name("HOST:PORT");
  app.add_option("--sample-rate", o.metrics.sample_rate, "Share of metrics sent, 0.000001 to 1")
      ->check(sample_rate())
      ->type_name("RATE")
      ->capture_default_str();
  app.add_option("--namespace", o.metrics.prefix, "First part of every metric's name")
      ->check(metric_prefix())
      ->type_name("NAME")
      ->capture_default_str();
}

void add_log_options(CLI::App& app, Options& o) {
  app.add_option("--log-file", o.log_file, "File to log to; - is standard error")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--log-level",
         [&o](const std::string& level) {
           o.log_level = level == "debug"  ? LogLevel::kDebug
                         : level == "info" ? LogLevel::kInfo
                                           : LogLevel::kOff;
         },
         "debug, info or off; a stage without levels writes every line")
      ->check(one_of({"debug", "info", "off"}))
      ->type_name("LEVEL")
      ->default_str("info");
  app.add_option_function<int>(
         "--log-flush-ms", [&o](int ms) { o.log_flush = std::chrono::milliseconds(ms); },
         "Longest time a line stays in the buffer, 10 to 60000 milliseconds")
      ->check(whole_number(10, 60'000))
      ->type_name("MS")
      ->default_str(std::to_string(o.log_flush.count()));
}

}  // namespace

tl::expected<Options, int> parse_options(int argc, char** argv, const std::string& version) {
  Options options;
  std::string token_of_file;
  CLI::App app("Left-pad microservice. GET /v1/leftpad/?str=test&len=50&chr=*");
  app.get_formatter()->column_width(34);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.footer(
      "Signals: SIGTERM and SIGINT end it: no new connections, running requests get "
      "--shutdown-grace;\nthen they are cut and counted on standard error, and it exits within a "
      "second. A second\nsignal ends it at once. SIGHUP reopens the log file.");
  app.set_version_flag("--version", version, "Print the version and the stage");
  add_network_options(app, options);
  add_debug_options(app, options, token_of_file);
  add_metrics_options(app, options);
  add_log_options(app, options);
  try {
    check_words(argc, argv);
    app.parse(argc, argv);
    check_together(options, token_of_file);
  } catch (const CLI::Success& request) {
    return tl::unexpected(app.exit(request));
  } catch (const CLI::ParseError& error) {
    std::cerr << argv[0] << ": " << error.what() << "; see --help\n";
    return tl::unexpected(kUsageError);
  }
  return options;
}

}  // namespace service
