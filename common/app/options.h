// The command line of the service. Called once by run_app.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "log_file.h"
#include "metrics/statsd_options.h"
#include "server/server.h"

namespace service {

struct Options {
  std::string host = "127.0.0.1";
  int port = 8080;                            // 0: any free port
  std::string debug_addr = "127.0.0.1:6060";  // "off": no debug listener
  std::string debug_token;                    // empty: none is asked
  std::vector<std::string> debug_hosts;       // other names by which its clients may ask
  std::string statsd;  // HOST:PORT; empty: packets are formatted and discarded
  StatsDOptions metrics;
  std::string log_file = "-";  // standard error
  LogLevel log_level = LogLevel::kInfo;
  std::chrono::milliseconds log_flush{200};
  std::size_t max_len = 65536;  // code points
  std::size_t threads = ServerOptions{}.max_threads;
  IoMode io = IoMode::kBuffered;
  std::chrono::seconds shutdown_grace{5};
};

// The error is the exit code to leave with: of --help, --version or a wrong option. Prints help,
// `version` or the error itself.
tl::expected<Options, int> parse_options(int argc, char** argv, const std::string& version);

}  // namespace service
