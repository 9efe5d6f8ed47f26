// The HTTP server of the service and of its debug listener: cpp-httplib with an own connection
// loop, thread pool and error pages. Called by run_app; handlers are added to the returned server
// as usual.
#pragma once

#include <httplib.h>

#include <memory>
#include <string>
#include <vector>

#include "app/server/error_pages.h"
#include "app/server/server_counters.h"
#include "app/server/server_options.h"

namespace service {

// Returns a server that is ready for routes, then bind_server, then listen_after_bind(). Never
// null. `counters` must outlive it. set_logger stays free; make_server uses
// set_post_routing_handler.
//
// stop(), from any thread once is_running() holds, makes listen_after_bind() return: no new
// connection, idle ones closed at once, connections with a running request cut after
// `shutdown_grace`. A handler is never interrupted: it holds the return up until it is done.
// In plain mode idle connections hold it up for at most 3 s. When connections cannot be accepted
// any more (ENFILE, ENOMEM and the like; EMFILE is waited out), listen_after_bind() ends likewise
// and returns false, the reason in errno: cpp-httplib has closed the socket then. Raises the soft
// limit of open files.
std::unique_ptr<httplib::Server> make_server(const ServerOptions& options,
                                             ServerCounters& counters);

// True if this build has the buffered connection; otherwise kBuffered behaves as kPlain.
bool has_buffered_io();

struct BindResult {
  int port = 0;       // the bound port, 0 on failure
  std::string error;  // empty on success, else value, rule and remedy in one line
};

// Binds `host` and listens, without SO_REUSEPORT and with a backlog that survives a burst.
// `port` 0 takes any free port.
BindResult bind_server(httplib::Server& server, const std::string& host, int port);

}  // namespace service
