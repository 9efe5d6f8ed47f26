// Open connections; see connection_registry.h.
#include "app/server/connection_registry.h"

#include <poll.h>
#include <sys/socket.h>

#include <vector>

namespace service {

void ConnectionRegistry::add(int socket) {
  const std::lock_guard lock(mutex_);
  sockets_.insert(socket);
  if (stopping()) ::shutdown(socket, SHUT_RD);
}

void ConnectionRegistry::remove(int socket) {
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket);
}

bool ConnectionRegistry::any_left() const {
  const std::lock_guard lock(mutex_);
  std::vector<pollfd> polled;
  polled.reserve(sockets_.size());
  for (const int socket : sockets_) polled.push_back({socket, POLLRDHUP, 0});
  return ::poll(polled.data(), polled.size(), 0) > 0;
}

void ConnectionRegistry::stop() {
  const std::lock_guard lock(mutex_);
  stopping_.store(true, std::memory_order_relaxed);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RD);
}

std::size_t ConnectionRegistry::cut() {
  const std::lock_guard lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  return sockets_.size();
}

}  // namespace service
