// The debug listener: /debug/pprof/ and /debug/vars on an address of their own, so that a long
// profile never takes a thread from the service. Used by run_app.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "log_file.h"
#include "metrics/transport.h"
#include "server/server.h"

namespace service {

// What /debug/vars reports. All of it may change while it is read.
struct Vars {
  const ServerCounters& server;
  const Transport& metrics;
  const LogFile& log;
};

// A server that is not bound yet. `counters` are those of the debug listener itself.
std::unique_ptr<Server> make_debug_server(const Options& options, const Vars& vars,
                                          ServerCounters& counters, const std::string& version);

}  // namespace service
