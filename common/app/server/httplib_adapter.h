// All that differs between the versions of cpp-httplib that the buffered connection builds with.
// common/cmake/Httplib.cmake lists them and defines HTTPLIB_MINOR: 18 for 0.18.
#pragma once

#include <httplib.h>
#include <sys/select.h>

#include <functional>
#include <string>
#include <utility>

namespace service {

// void up to 0.14.
using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));

struct Address {
  std::string ip;
  int port = 0;
};

struct Connection {
  int socket = -1;
  Address remote;
  Address local;
};

// The functions of httplib::Stream in every version under three names of ours.
class StreamAdapter : public httplib::Stream {
 public:
  explicit StreamAdapter(const Connection& connection) : connection_(connection) {}
  virtual bool has_input() const = 0;
  virtual bool can_send() const = 0;   // no call of the system
  virtual bool is_wanted() const = 0;  // asked by streaming handlers between two pieces

  // NOLINTBEGIN(modernize-use-override): which of these a version has, differs
  bool is_readable() const { return has_input(); }
  bool wait_readable() const { return has_input(); }
  bool is_writable() const { return is_wanted(); }  // up to 0.18 before each piece
  bool wait_writable() const { return can_send(); }
  bool is_peer_alive() const { return is_wanted(); }
  time_t duration() const { return 0; }

  void get_remote_ip_and_port(std::string& ip, int& port) const {
    ip = connection_.remote.ip;
    port = connection_.remote.port;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const {
    ip = connection_.local.ip;
    port = connection_.local.port;
  }
  // Up to 0.18 a number that select() cannot take is answered with 500. Nothing here uses select().
  socket_t socket() const { return connection_.socket < FD_SETSIZE ? connection_.socket : 0; }
  // NOLINTEND(modernize-use-override)

 protected:
  const Connection& connection_;
};

template <typename Base>
class ServerAdapter : public Base {
 protected:
  using Base::Base;

  // Reads a request off `stream`, lets `setup` change it, and answers it. False if the connection
  // must be closed.
  bool answer(httplib::Stream& stream, const Connection& connection,
              const std::function<void(httplib::Request&)>& setup) {
    constexpr bool kClose = true;  // spares a Keep-Alive field that would be made each time
    bool closed = false;
#if HTTPLIB_MINOR < 18
    static_cast<void>(connection);  // asked of the stream
    return this->process_request(stream, kClose, closed, setup);
#else
    return this->process_request(stream, connection.remote.ip, connection.remote.port,
                                 connection.local.ip, connection.local.port, kClose, closed, setup);
#endif
  }
};

}  // namespace service
