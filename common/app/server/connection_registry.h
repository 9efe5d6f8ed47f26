// The open connections of a server, so that shutdown can wake the threads that wait on them, and a
// full pool can ask whether a client has left. A connection enters and leaves once; nothing is done
// per request. Thread-safe.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace service {

class ConnectionRegistry {
 public:
  // After stop(), `socket` is woken up at once.
  void add(int socket) {
    const std::lock_guard lock(mutex_);
    sockets_.insert(socket);
    if (stopping()) ::shutdown(socket, SHUT_RD);
  }

  // Must be called before the socket is closed: its number may be used again at once.
  void remove(int socket) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(socket);
  }

  // True if the client of some connection has closed its side.
  bool any_left() const {
    const std::lock_guard lock(mutex_);
    std::vector<pollfd> polled;
    for (const int socket : sockets_) polled.push_back({socket, POLLRDHUP, 0});
    return ::poll(polled.data(), polled.size(), 0) > 0;
  }

  // Ends reading on every connection: idle ones see the end of their input, running requests
  // finish.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RD);
  }

  // Also ends writing: cuts what is still running.
  void cut() {
    const std::lock_guard lock(mutex_);
    cut_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  bool was_cut() const { return cut_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<int> sockets_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> cut_{false};
};

}  // namespace service
