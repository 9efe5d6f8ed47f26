// Builds the server; see server.h. The one place that chooses between the two ways of input/output.
#include "app/server/server.h"

#include <sys/resource.h>

#include <algorithm>

#include "app/server/elastic_pool.h"
#if SERVICE_BUFFERED_IO
#include "app/server/buffered_server.h"
#endif

namespace service {
namespace {

constexpr rlim_t kWantedDescriptors = 65536;
// cpp-httplib's own connections cannot be woken up at shutdown: they end by their timeouts.
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

// An HTTP/1.0 client has to be told that the connection stays open. cpp-httplib itself keeps it
// open only for this spelling.
void tell_http10_client(const httplib::Request& request, httplib::Response& response,
                        bool buffered) {
  const bool keep = buffered || request.get_header_value("Connection") == "Keep-Alive";
  response.set_header("Connection", keep ? "keep-alive" : "close");
}

void set_common(httplib::Server& server, bool buffered, const ServerOptions& options,
                ServerCounters& counters) {
  server.set_tcp_nodelay(true);  // without it keep-alive costs 44 ms a request (delayed ACK)
  server.set_keep_alive_max_count(1'000'000);  // cpp-httplib's default is 5
  server.set_keep_alive_timeout(
      std::chrono::ceil<std::chrono::seconds>(options.idle_timeout).count());
  server.set_write_timeout(options.write_timeout);
  server.set_payload_max_length(options.max_body_bytes);
  server.set_post_routing_handler(
      [&counters, buffered](const httplib::Request& request, httplib::Response& response) {
        counters.count_answer(response.status);
        // cpp-httplib adds it to every answer to HEAD; RequestReader drops Range.
        if (buffered) response.headers.erase("Accept-Ranges");
        if (request.version == "HTTP/1.0" && !response.has_header("Connection")) {
          tell_http10_client(request, response, buffered);
        }
      });
}

}  // namespace

bool has_buffered_io() { return SERVICE_BUFFERED_IO != 0; }

std::unique_ptr<Server> make_server(const ServerOptions& options, ServerCounters& counters) {
  raise_descriptor_limit();
#if SERVICE_BUFFERED_IO
  if (options.io == IoMode::kBuffered) {
    auto server = make_buffered_server(options, counters);
    set_common(*server, true, options, counters);
    return server;
  }
#endif
  ServerOptions capped = options;
  for (auto* timeout : {&capped.idle_timeout, &capped.read_timeout, &capped.write_timeout}) {
    *timeout = std::min(*timeout, kPlainTimeout);
  }
  auto server = make_plain_server(capped, counters);
  set_common(*server, false, capped, counters);
  return server;
}

}  // namespace service
