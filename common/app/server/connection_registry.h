// The open connections of a server, so that shutdown can wake the threads that wait on them, and a
// full pool can ask whether a client has left. A connection enters and leaves once; nothing is done
// per request. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <unordered_set>

namespace service {

class ConnectionRegistry {
 public:
  // After stop(), `socket` is woken up at once.
  void add(int socket);
  // Must be called before the socket is closed: its number may be used again at once.
  void remove(int socket);

  // True if the client of some connection has closed its side.
  bool any_left() const;

  // Ends reading on every connection: idle ones see the end of their input, running requests
  // finish.
  void stop();
  // Ends writing, too: cuts what is still running. Returns how many connections that were.
  std::size_t cut();

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<int> sockets_;
  std::atomic<bool> stopping_{false};
};

}  // namespace service
