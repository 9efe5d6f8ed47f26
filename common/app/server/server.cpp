// Builds the server; see server.h.
#include "app/server/server.h"

namespace service {

bool has_buffered_io() { return false; }

std::unique_ptr<httplib::Server> make_server(const ServerOptions& options,
                                             ServerCounters& counters) {
  auto server = std::make_unique<httplib::Server>();
  server->set_tcp_nodelay(true);  // without it keep-alive costs 44 ms a request (delayed ACK)
  server->set_keep_alive_max_count(1'000'000);
  server->set_keep_alive_timeout(3);
  server->set_read_timeout(options.read_timeout);
  server->set_write_timeout(options.write_timeout);
  server->set_payload_max_length(options.max_body_bytes);
  server->new_task_queue = [] { return new httplib::ThreadPool(64); };
  server->set_post_routing_handler(
      [&counters](const httplib::Request&, httplib::Response& response) {
        counters.count_answer(response.status);
      });
  return server;
}

}  // namespace service
