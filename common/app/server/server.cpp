// Builds the server; see server.h. The one place that chooses between the two ways of input/output.
#include "app/server/server.h"

#include <sys/resource.h>

#include <algorithm>

#include "app/server/buffered_server.h"
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

std::unique_ptr<Server> make_plain_server(const ServerOptions& options, ServerCounters& counters) {
  auto server = std::make_unique<Server>(counters);
  PoolOptions pool;
  pool.max_threads = options.max_threads;
  pool.idle_timeout = options.thread_idle_timeout;
  pool.stack_bytes = options.thread_stack_bytes;
  pool.refuse_when_full = false;  // the pool does not know the socket, so it could not answer
  server->new_task_queue = [pool, &counters] { return new ElasticPool(pool, counters); };
  server->set_read_timeout(options.read_timeout);
  return server;
}

// cpp-httplib keeps the connection of an HTTP/1.0 client open only for this spelling.
bool keeps_open(const httplib::Request& request, IoMode io) {
  if (io == IoMode::kBuffered) return !request.has_header("Connection");  // see buffered_server.cpp
  return request.version != "HTTP/1.0" || request.get_header_value("Connection") == "Keep-Alive";
}

// Runs when the answer's fields are complete, before they are sent.
void finish_answer(const httplib::Request& request, httplib::Response& response, IoMode io) {
  response.set_header("Date", http_date());
  const bool keep = keeps_open(request, io);
  if (io == IoMode::kBuffered) {
    if (keep) response.headers.erase("Connection");
    if (request.method == "HEAD") response.headers.erase("Accept-Ranges");
  }
  // An HTTP/1.0 client has to be told that the connection stays open.
  if (request.version == "HTTP/1.0" && !response.has_header("Connection")) {
    response.set_header("Connection", keep ? "keep-alive" : "close");
  }
}

void set_common(httplib::Server& server, const ServerOptions& options, ServerCounters& counters) {
  server.set_tcp_nodelay(true);  // without it keep-alive costs 44 ms a request (delayed ACK)
  server.set_keep_alive_max_count(1'000'000);  // cpp-httplib's default is 5
  server.set_keep_alive_timeout(
      std::chrono::ceil<std::chrono::seconds>(options.idle_timeout).count());
  server.set_write_timeout(options.write_timeout);
  server.set_payload_max_length(options.max_body_bytes);
  server.set_post_routing_handler(
      [&counters, io = options.io](const httplib::Request& request, httplib::Response& response) {
        counters.count_answer(response.status);
        finish_answer(request, response, io);
      });
}

// cpp-httplib's own connections cannot be woken up at shutdown: they end by their timeouts.
ServerOptions capped(ServerOptions options) {
  for (auto* timeout : {&options.idle_timeout, &options.read_timeout, &options.write_timeout}) {
    *timeout = std::min(*timeout, kPlainTimeout);
  }
  return options;
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& wanted, ServerCounters& counters) {
  raise_descriptor_limit();
  const bool plain = wanted.io == IoMode::kPlain;
  const ServerOptions options = plain ? capped(wanted) : wanted;
  auto server =
      plain ? make_plain_server(options, counters) : make_buffered_server(options, counters);
  set_common(*server, options, counters);
  return server;
}

}  // namespace service
