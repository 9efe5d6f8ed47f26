// The buffered connection; see make_buffered_server() in server.h. cpp-httplib's SSLServer extends
// the server in the same way: process_and_close_socket is overridden, and process_request gets a
// Stream of its own.
//
// That stream gives cpp-httplib the shortest head there is. The request itself, which RequestReader
// has parsed already, takes its place before it is routed.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/server/connection_registry.h"
#include "app/server/elastic_pool.h"
#include "app/server/httplib_adapter.h"
#include "app/server/refusal.h"
#include "app/server/request_reader.h"
#include "app/server/server.h"

namespace service {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view kShortestHead = "GET / HTTP/1.1\r\n\r\n";
// Output is collected up to this size; an ordinary answer leaves in one send.
constexpr std::size_t kMaxPending = 64 * 1024;
constexpr std::size_t kKeptPending = 4 * 1024;  // what an idle connection keeps of it
// For how long the input of a client that is still sending is thrown away: closing at once would
// answer it with a reset, and the reset would discard the error page on its way.
constexpr milliseconds kLinger{500};

// How long to poll until `deadline`.
int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
}

// Sends everything or fails. SO_SNDTIMEO, set by cpp-httplib, bounds one call, `timeout` all of
// them.
bool send_all(int socket, std::string_view data, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const ssize_t sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) data.remove_prefix(static_cast<std::size_t>(sent));
    if (data.empty()) return true;
    if (Clock::now() >= deadline) return false;
  }
}

// Ends the output, and throws the input away until the client closes, for a while at most.
void linger(int socket) {
  ::shutdown(socket, SHUT_WR);
  const auto deadline = Clock::now() + kLinger;
  char scrap[16 * 1024];
  pollfd polled{socket, POLLIN, 0};
  while (Clock::now() < deadline) {
    if (::poll(&polled, 1, left_ms(deadline)) == 0) return;
    const ssize_t size = ::recv(socket, scrap, sizeof(scrap), MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

class SocketSource final : public ByteSource {
 public:
  SocketSource(int socket, const ServerOptions& options) : socket_(socket), options_(options) {}

  // SO_RCVTIMEO is the idle timeout, set by cpp-httplib on accept: no poll before the recv. A
  // profiling signal ends the recv early; then the rest of the wait is a poll.
  Result read_idle(char* to, std::size_t size) override {
    const Deadline deadline = Clock::now() + options_.idle_timeout;
    const ssize_t received = ::recv(socket_, to, size, 0);
    if (received < 0 && errno == EINTR) return read_more(to, size, deadline);
    return result_of(received);
  }

  Result read_more(char* to, std::size_t size, Deadline deadline) override {
    while (true) {
      pollfd polled{socket_, POLLIN, 0};
      const int ready = ::poll(&polled, 1, left_ms(deadline));
      if (ready == 0) return {Status::kTimeout, 0};
      if (ready < 0 && errno != EINTR) return {Status::kError, 0};
      if (ready < 0) continue;
      const ssize_t received = ::recv(socket_, to, size, MSG_DONTWAIT);
      if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      return result_of(received);
    }
  }

 private:
  static Result result_of(ssize_t received) {
    if (received > 0) return {Status::kData, static_cast<std::size_t>(received)};
    if (received == 0) return {Status::kEnd, 0};
    return {errno == EAGAIN ? Status::kTimeout : Status::kError, 0};
  }

  int socket_;
  const ServerOptions& options_;
};

// `get_name` is getpeername or getsockname.
template <typename GetName>
Address address_of(int socket, GetName get_name) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  char ip[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  if (get_name(socket, name, &size) != 0) return {};
  getnameinfo(name, size, ip, sizeof(ip), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
  // An IPv4 client of a socket that is bound to `::`.
  constexpr std::string_view kMapped = "::ffff:";
  return {std::string_view(ip).starts_with(kMapped) ? ip + kMapped.size() : ip, std::atoi(port)};
}

// What process_request reads and writes: exactly one request in, one answer out.
class AnswerStream final : public StreamAdapter {
 public:
  AnswerStream(const Connection& connection, const ServerOptions& options,
               const ConnectionRegistry& registry)
      : StreamAdapter(connection), options_(options), registry_(registry) {}

  void begin(std::string_view body) {
    head_ = kShortestHead;
    body_ = body;
  }

  // Sends what is pending. False if the client is gone or does not read.
  bool flush() const {
    if (!pending_.empty() && !broken_) {
      broken_ = !send_all(connection_.socket, pending_, options_.write_timeout);
    }
    pending_.clear();
    if (pending_.capacity() > kKeptPending) pending_ = std::string();
    return !broken_;
  }

  bool has_input() const override { return !head_.empty() || !body_.empty(); }
  bool can_send() const override { return !broken_; }

  // Also sends what was written so far. A client that closed its side counts as gone, as in
  // cpp-httplib.
  bool is_wanted() const override {
    if (!flush() || registry_.stopping()) return false;
    pollfd polled{connection_.socket, POLLRDHUP, 0};
    return ::poll(&polled, 1, 0) <= 0;
  }

  ssize_t read(char* to, std::size_t size) override {
    std::string_view& from = head_.empty() ? body_ : head_;
    const std::size_t count = from.copy(to, size);
    from.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, std::size_t size) override {
    if (pending_.size() + size > kMaxPending && flush()) {
      broken_ = !send_all(connection_.socket, {data, size}, options_.write_timeout);
    } else {
      pending_.append(data, size);
    }
    return broken_ ? -1 : static_cast<ssize_t>(size);
  }

 private:
  const ServerOptions& options_;
  const ConnectionRegistry& registry_;
  std::string_view head_;
  std::string_view body_;
  mutable std::string pending_;
  mutable bool broken_ = false;
};

// One more as long as it lives, or for good.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  ~Counted() {
    if (!for_good_) --count_;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  void keep() { for_good_ = true; }

 private:
  std::atomic<std::size_t>& count_;
  bool for_good_ = false;
};

class BufferedServer final : public ServerAdapter<Server> {
 public:
  BufferedServer(const ServerOptions& options, ServerCounters& counters)
      : ServerAdapter(counters), options_(options) {
    new_task_queue = [this] { return new ElasticPool(options_, counters_, &registry_); };
    set_read_timeout(options.idle_timeout);  // becomes SO_RCVTIMEO, see SocketSource
  }

  void cut() override { registry_.cut(); }
  std::size_t unanswered() const override { return unanswered_; }

 private:
  bool process_and_close_socket(int socket) override {
    if (ElasticPool::refusing()) {
      refuse(socket);
    } else {
      try {
        registry_.add(socket);
        serve_requests(socket);
      } catch (...) {  // by a handler or the allocator: it costs this connection only
      }
      ElasticPool::set_ending();
      registry_.remove(socket);
    }
    ::close(socket);
    return true;
  }

  // On the accepting thread: it must not wait for the client.
  static void refuse(int socket) {
    const std::string answer =
        make_refusal({503, "all connections are taken: try again in a second"});
    ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    char scrap[4096];
    ::recv(socket, scrap, sizeof(scrap), MSG_DONTWAIT);  // unread input makes the close a reset
  }

  void serve_requests(int socket) {
    const Connection connection{socket, address_of(socket, ::getpeername),
                                address_of(socket, ::getsockname)};
    SocketSource source(socket, options_);
    RequestReader reader(source, options_);
    AnswerStream stream(connection, options_, registry_);
    while (reader.next()) {
      Counted unanswered(unanswered_);
      const bool takes_body = this->takes_body(reader.head());
      if (takes_body && !reader.read_body()) break;
      const bool close = !takes_body || !reader.head().keep_alive || registry_.stopping();
      stream.begin(reader.body());
      const bool answered = answer(stream, connection, [&](httplib::Request& request) {
        fill_request(reader.head(), request);
        if (close) request.headers.emplace("Connection", "close");
        if (!takes_body) request.headers.erase("Content-Length");
      });
      if (close) ElasticPool::set_ending();
      if (!answered || !stream.flush()) {
        if (registry_.was_cut()) unanswered.keep();
        return;
      }
      if (close) {
        if (!takes_body || reader.has_pending()) linger(socket);
        return;
      }
    }
    if (reader.rejection().status != 0) reject(socket, reader.rejection());
  }

  bool takes_body(const RequestHead& head) const {
    if (head.content_length == 0 || !options_.takes_body) return true;
    httplib::Request request;
    fill_request(head, request);
    return options_.takes_body(request);
  }

  void reject(int socket, const Rejection& why) {
    if (registry_.stopping()) return;  // the request was cut by us
    counters_.count_answer(why.status);
    ElasticPool::set_ending();
    send_all(socket, make_refusal(why), options_.write_timeout);
    linger(socket);
  }

  const ServerOptions options_;
  ConnectionRegistry registry_;
  std::atomic<std::size_t> unanswered_{0};  // requests that run, and those that were cut
};

}  // namespace

std::unique_ptr<Server> make_buffered_server(const ServerOptions& options,
                                             ServerCounters& counters) {
  return std::make_unique<BufferedServer>(options, counters);
}

}  // namespace service
