// Lingering close; see lingering_closer.h.
#include "app/server/lingering_closer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace service {
namespace {

constexpr std::size_t kMaxLingering = 512;
constexpr std::chrono::milliseconds kLinger{500};
constexpr int kTickMs = 50;

// Throws away what has arrived; true if the connection is over.
bool drain(int socket) {
  char scrap[16 * 1024];
  for (int i = 0; i < 4; ++i) {  // a client that never stops sending must not hold up the others
    const ssize_t size = ::recv(socket, scrap, sizeof(scrap), MSG_DONTWAIT);
    if (size < 0) return errno != EAGAIN && errno != EINTR;
    if (size == 0) return true;
  }
  return false;
}

}  // namespace

LingeringCloser::LingeringCloser() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

LingeringCloser::~LingeringCloser() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
    thread_.join();
  }
  ::close(wake_);
}

void LingeringCloser::close(int socket) {
  ::shutdown(socket, SHUT_WR);
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && lingering_ < kMaxLingering && has_thread()) {
      ++lingering_;
      new_.push_back({socket, std::chrono::steady_clock::now() + kLinger});
      socket = -1;
    }
  }
  if (socket >= 0) {
    drain(socket);  // unread input would turn the close into a reset
    ::close(socket);
    return;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

// Starts the thread if there is none; false if the system has none left. Needs the mutex.
bool LingeringCloser::has_thread() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

// False at the end.
bool LingeringCloser::take_new(std::vector<Entry>& entries) {
  const std::lock_guard lock(mutex_);
  entries.insert(entries.end(), new_.begin(), new_.end());
  new_.clear();
  lingering_ = entries.size();
  return !stopping_;
}

void LingeringCloser::run() {
  std::vector<Entry> entries;
  std::vector<pollfd> polled;
  while (take_new(entries)) {
    polled.assign(1, {wake_, POLLIN, 0});
    for (const Entry& entry : entries) polled.push_back({entry.socket, POLLIN, 0});
    ::poll(polled.data(), polled.size(), entries.empty() ? -1 : kTickMs);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(wake_, &count, sizeof(count));
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(entries, [now](const Entry& entry) {
      const bool over = drain(entry.socket) || now >= entry.deadline;
      if (over) ::close(entry.socket);
      return over;
    });
  }
  for (const Entry& entry : entries) ::close(entry.socket);
}

}  // namespace service
