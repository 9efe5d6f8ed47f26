// The buffered connection; see buffered_server.h. cpp-httplib's SSLServer extends the server in the
// same way: process_and_close_socket is overridden, and process_request gets an own Stream.
#include "app/server/buffered_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "app/server/connection_registry.h"
#include "app/server/elastic_pool.h"
#include "app/server/lingering_closer.h"
#include "app/server/refusal.h"
#include "app/server/request_reader.h"

namespace service {
namespace {

using Clock = std::chrono::steady_clock;

// Output is collected up to this size; an ordinary answer leaves in one send.
constexpr std::size_t kMaxPending = 64 * 1024;

// Sends everything or fails. SO_SNDTIMEO, set by cpp-httplib, bounds one call, `timeout` all of
// them.
bool send_all(int socket, std::array<iovec, 2> parts, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::size_t left = parts[0].iov_len + parts[1].iov_len;
  while (left > 0) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    left -= done;
    for (iovec& part : parts) {
      const std::size_t step = std::min(done, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      done -= step;
    }
    if (left > 0 && Clock::now() >= deadline) return false;
  }
  return true;
}

bool send_all(int socket, std::string_view data, std::chrono::milliseconds timeout) {
  return send_all(socket, {iovec{const_cast<char*>(data.data()), data.size()}, iovec{nullptr, 0}},
                  timeout);
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
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      pollfd polled{socket_, POLLIN, 0};
      const int ready = ::poll(&polled, 1, static_cast<int>(std::max<long>(0, left.count())));
      if (ready == 0) return {Status::kTimeout, 0};
      if (ready < 0 && errno != EINTR) return {Status::kError, 0};
      if (ready < 0) continue;
      const ssize_t received = ::recv(socket_, to, size, MSG_DONTWAIT);
      if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      return result_of(received);
    }
  }

  void send_continue() override {
    send_all(socket_, "HTTP/1.1 100 Continue\r\n\r\n", options_.write_timeout);
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

struct Address {
  std::string ip;
  int port = 0;
};

Address to_address(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return {text, ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return {text, ntohs(v6.sin6_port)};
  }
  return {};
}

// What process_request reads and writes: exactly one request in, one answer out.
class AnswerStream final : public httplib::Stream {
 public:
  AnswerStream(int socket, const ServerOptions& options, const ConnectionRegistry& registry)
      : socket_(socket), options_(options), registry_(registry) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      remote_ = to_address(address);
    }
    size = sizeof(address);
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      local_ = to_address(address);
    }
  }

  void begin(std::string_view head, std::string_view body) {
    head_ = head;
    body_ = body;
  }

  // Sends what is pending. False if the client is gone or does not read.
  bool flush() const {
    if (!pending_.empty() && !broken_) {
      broken_ = !send_all(socket_, pending_, options_.write_timeout);
    }
    pending_.clear();
    return !broken_;
  }

  bool is_readable() const override { return !head_.empty() || !body_.empty(); }

  // Asked by streaming handlers between two pieces, so it sends what they wrote so far. A client
  // that closed its side counts as gone, as in cpp-httplib.
  bool is_writable() const override {
    if (!flush() || registry_.stopping()) return false;
    pollfd polled{socket_, POLLRDHUP, 0};
    return ::poll(&polled, 1, 0) <= 0;
  }

  // cpp-httplib reads lines byte by byte: that case has to be quick.
  ssize_t read(char* to, std::size_t size) override {
    std::string_view& from = head_.empty() ? body_ : head_;
    if (size == 1 && !from.empty()) {
      *to = from.front();
      from.remove_prefix(1);
      return 1;
    }
    const std::size_t part = std::min(size, from.size());
    std::memcpy(to, from.data(), part);
    from.remove_prefix(part);
    return static_cast<ssize_t>(part);
  }

  ssize_t write(const char* data, std::size_t size) override {
    if (pending_.size() + size > kMaxPending) {
      broken_ = broken_ || !send_all(socket_,
                                     {iovec{pending_.data(), pending_.size()},
                                      iovec{const_cast<char*>(data), size}},
                                     options_.write_timeout);
      pending_.clear();
    } else {
      pending_.append(data, size);
    }
    return broken_ ? -1 : static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = remote_.ip;
    port = remote_.port;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip = local_.ip;
    port = local_.port;
  }

  // cpp-httplib asks for the number only to refuse those that select() cannot take, from 1024 up.
  // Nothing here uses select().
  socket_t socket() const override { return 0; }

 private:
  int socket_;
  const ServerOptions& options_;
  const ConnectionRegistry& registry_;
  Address remote_;
  Address local_;
  std::string_view head_;
  std::string_view body_;
  mutable std::string pending_;
  mutable bool broken_ = false;
};

class BufferedServer final : public Server {
 public:
  BufferedServer(const ServerOptions& options, ServerCounters& counters)
      : Server(counters), options_(options) {
    PoolOptions pool;
    pool.max_threads = options.max_threads;
    pool.idle_timeout = options.thread_idle_timeout;
    pool.stack_bytes = options.thread_stack_bytes;
    pool.on_stop = [this] { registry_.stop(); };
    new_task_queue = [this, pool] { return new ElasticPool(pool, counters_); };
    set_read_timeout(options.idle_timeout);  // becomes SO_RCVTIMEO, see SocketSource
  }

  std::size_t cut() override { return registry_.cut(); }

 private:
  enum class Close { kNow, kLinger };

  bool process_and_close_socket(int socket) override {
    if (ElasticPool::refusing()) {
      refuse(socket);
      return false;
    }
    const Close how = serve(socket);
    registry_.remove(socket);
    if (how == Close::kLinger) {
      closer_.close(socket);
    } else {
      ::close(socket);
    }
    return true;
  }

  // On the accepting thread: it must not wait for the client.
  void refuse(int socket) {
    static const std::string answer =
        make_refusal({503, "all connections are taken: try again in a second"});
    ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    closer_.close(socket);
  }

  // Whatever a handler or the allocator throws costs this connection only.
  Close serve(int socket) {
    try {
      registry_.add(socket);
      return serve_requests(socket);
    } catch (...) {
      return Close::kNow;
    }
  }

  Close serve_requests(int socket) {
    SocketSource source(socket, options_);
    RequestReader reader(source, options_);
    AnswerStream stream(socket, options_, registry_);
    while (true) {
      const RequestReader::Status status = reader.next();
      if (status == RequestReader::Status::kClosed) return Close::kNow;
      if (status == RequestReader::Status::kRejected) return reject(socket, reader.rejection());
      const bool close = !reader.keep_alive() || registry_.stopping();
      bool closed_by_client = false;  // decided by the reader already
      stream.begin(reader.head(), reader.body());
      if (!process_request(stream, close, closed_by_client, nullptr) || !stream.flush()) {
        return Close::kNow;
      }
      if (close) return reader.has_pending() ? Close::kLinger : Close::kNow;
    }
  }

  Close reject(int socket, Rejection why) {
    if (registry_.stopping()) return Close::kNow;  // the request was cut by us
    counters_.count_answer(why.status);
    send_all(socket, make_refusal(why), options_.write_timeout);
    return Close::kLinger;
  }

  const ServerOptions options_;
  ConnectionRegistry registry_;
  LingeringCloser closer_;
};

}  // namespace

std::unique_ptr<Server> make_buffered_server(const ServerOptions& options,
                                             ServerCounters& counters) {
  return std::make_unique<BufferedServer>(options, counters);
}

}  // namespace service
