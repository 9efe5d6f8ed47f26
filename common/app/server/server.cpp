// Builds the server; see server.h. The one place that chooses between the two ways of input/output.
#include "app/server/server.h"

#include <sys/resource.h>

#include <algorithm>

#include "app/server/elastic_pool.h"
#include "app/server/refusal.h"

namespace service {
namespace {

constexpr rlim_t kWantedDescriptors = 65536;
constexpr std::chrono::milliseconds kPlainTimeout{3'000};

// The usual soft limit of 1024 would be reached by 1,000 connections. As Go's runtime does.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(kWantedDescriptors, limit.rlim_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Runs when the answer's fields are complete, before they are sent.
void finish_answer(const httplib::Request& request, httplib::Response& response, IoMode io) {
  response.set_header("Date", http_date());
  if (io == IoMode::kBuffered) {  // see buffered_server.cpp
    if (!request.has_header("Connection")) response.headers.erase("Connection");
    if (request.method == "HEAD") response.headers.erase("Accept-Ranges");
  }
  // An HTTP/1.0 client has to be told whether the connection stays open. cpp-httplib itself keeps
  // it open for this spelling only.
  if (request.version == "HTTP/1.0" && !response.has_header("Connection")) {
    const bool keep =
        io == IoMode::kBuffered || request.get_header_value("Connection") == "Keep-Alive";
    response.set_header("Connection", keep ? "keep-alive" : "close");
  }
}

std::unique_ptr<Server> make_plain_server(ServerOptions& options, ServerCounters& counters) {
  // Connections cannot be woken up at shutdown: they end by their timeouts.
  for (auto* timeout : {&options.idle_timeout, &options.read_timeout, &options.write_timeout}) {
    *timeout = std::min(*timeout, kPlainTimeout);
  }
  auto server = std::make_unique<Server>(counters);
  server->new_task_queue = [options, &counters] { return new ElasticPool(options, counters); };
  server->set_read_timeout(options.read_timeout);
  return server;
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& wanted, ServerCounters& counters) {
  raise_descriptor_limit();
  ServerOptions options = wanted;
  auto server = options.io == IoMode::kPlain ? make_plain_server(options, counters)
                                             : make_buffered_server(options, counters);
  server->set_tcp_nodelay(true);  // without it keep-alive costs 44 ms a request (delayed ACK)
  server->set_keep_alive_max_count(1'000'000);  // cpp-httplib's default is 5
  server->set_keep_alive_timeout(
      std::chrono::ceil<std::chrono::seconds>(options.idle_timeout).count());
  server->set_write_timeout(options.write_timeout);
  server->set_payload_max_length(options.max_body_bytes);
  server->set_post_routing_handler(
      [&counters, io = options.io](const httplib::Request& request, httplib::Response& response) {
        counters.count_answer(response.status);
        finish_answer(request, response, io);
      });
  return server;
}

}  // namespace service
