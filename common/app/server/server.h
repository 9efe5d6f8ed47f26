// The HTTP server of the service and of its debug listener: cpp-httplib with a connection
// loop and a thread pool of its own. Called by run_app; handlers are added to the returned server
// by install_routes (routes.h), or as usual.
#pragma once

#include <httplib.h>

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "app/server/server_counters.h"
#include "app/server/server_options.h"

namespace service {

// cpp-httplib's server, stopped in two steps:
//
// stop(), from any thread once is_running() holds, makes listen_after_bind() return: no new
// connection, idle ones closed at once, running requests finished. In plain mode idle connections
// hold it up for at most 3 s.
// cut(), from any thread after stop(), cuts the connections of the requests that still run. A
// handler is never interrupted: it holds listen_after_bind() up until it is done; in plain mode so
// does the connection.
// unanswered() is how many requests run or were cut; in plain mode, how many connections are open,
// idle ones too.
class Server : public httplib::Server {
 public:
  // `counters` must outlive the server.
  explicit Server(ServerCounters& counters) : counters_(counters) {}

  virtual void cut() {}
  virtual std::size_t unanswered() const { return counters_.connections_active; }

 protected:
  ServerCounters& counters_;
};

// Returns a server that is ready for routes, then bind_server, then listen_after_bind(). Never
// null. `counters` must outlive it. set_logger stays free; make_server uses
// set_post_routing_handler. When connections cannot be accepted any more (ENFILE, ENOMEM and the
// like; EMFILE is waited out), listen_after_bind() ends as after stop() and returns false, the
// reason in errno: cpp-httplib has closed the socket then. Raises the soft limit of open files.
std::unique_ptr<Server> make_server(const ServerOptions& options, ServerCounters& counters);

// The server of IoMode::kBuffered, without what is common: reads in blocks, sends head and body at
// once, two system calls a request. For make_server.
std::unique_ptr<Server> make_buffered_server(const ServerOptions& options,
                                             ServerCounters& counters);

// Binds `host` and listens, without SO_REUSEPORT and with a backlog that survives a burst. It uses
// the server's set_socket_options(): what was set before is gone.
// `port` 0 takes any free port. Returns the bound port, or value, rule and remedy in one line.
tl::expected<int, std::string> bind_server(httplib::Server& server, const std::string& host,
                                           int port);

}  // namespace service
