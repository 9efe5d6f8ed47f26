// The buffered connection under cpp-httplib: reads in blocks, sends head and body at once, two
// system calls a request. Made by make_server; hidden behind httplib::Server.
#pragma once

#include <memory>

#include "app/server/server.h"

namespace service {

// `counters` must outlive the server.
std::unique_ptr<Server> make_buffered_server(const ServerOptions& options,
                                             ServerCounters& counters);

}  // namespace service
