// See log_file.h. A pipe or terminal is written without blocking: a reader that does not read must
// not hold the logger's lock, and with it every request.
#include "log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace service {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::ceil, std::chrono::milliseconds, std::chrono::seconds;

// O_NONBLOCK: a FIFO without a reader is an error at once, and a full one is no reason to wait.
constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

mode_t type_of(int fd) {
  struct stat file {};
  return fstat(fd, &file) == 0 ? file.st_mode & S_IFMT : 0;
}

// As many whole lines as a pipe takes in one piece or not at all; one line if it is longer.
std::string_view piece_of(std::string_view lines) {
  if (lines.size() <= PIPE_BUF) return lines;
  const std::size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return lines.substr(0, (end == std::string_view::npos ? lines.find('\n') : end) + 1);
}

bool ready_to_write(int fd, milliseconds timeout) {
  pollfd polled{fd, POLLOUT, 0};
  return poll(&polled, 1, static_cast<int>(timeout.count())) > 0;
}

std::uint64_t count_lines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace

// O_NONBLOCK belongs to the open file, and that of standard error is shared with the shell and
// other programs. So a pipe or terminal is opened once more; a socket, or what belongs to another
// user, cannot be. A regular file stays shared, or two positions in it would overwrite each other.
LogFile::Opened LogFile::open_standard_error() {
  const mode_t type = type_of(STDERR_FILENO);
  if (type == S_IFREG) return {dup(STDERR_FILENO), Way::kWhole};
  const int own = ::open("/proc/self/fd/2", kFlags);
  if (own < 0) return {dup(STDERR_FILENO), Way::kInPiecesWhenReady};
  return {own, type == S_IFIFO ? Way::kInPieces : Way::kWhole};
}

LogFile::Opened LogFile::open(const std::string& path) {
  if (path == "-") return open_standard_error();
  const int fd = ::open(path.c_str(), kFlags | O_CREAT, 0644);
  return {fd, fd >= 0 && type_of(fd) == S_IFIFO ? Way::kInPieces : Way::kWhole};
}

LogFile::LogFile(std::string path) : path_(std::move(path)) {
  const Opened opened = open(path_);
  fd_ = opened.fd;
  way_ = opened.way;
  if (fd_ < 0) {
    const int error = errno;
    throw std::runtime_error(
        "--log-file=" + path_ +
        (error == ENXIO
             ? " is a FIFO that nobody reads; start its reader"
             : " cannot be opened for writing: " + std::generic_category().message(error) +
                   "; give a file in a folder that exists and may be written, or -"));
  }
}

LogFile::~LogFile() { close(fd_); }

void LogFile::write(std::string_view lines) {
  std::string joined;
  bool torn = torn_;  // no longer after a reopen()
  if (torn) lines = joined = rest_.append(lines);
  while (!lines.empty()) {
    const std::string_view piece = way_ == Way::kWhole ? lines : piece_of(lines);
    const std::size_t done = put(piece);
    if (done > 0) torn = piece[done - 1] != '\n';
    lines.remove_prefix(done);
    if (done < piece.size()) break;
  }
  const std::size_t rest = torn ? lines.find('\n') + 1 : 0;
  rest_ = lines.substr(0, rest);
  torn_ = torn;
  lines_lost_ += count_lines(lines.substr(rest));
}

// How many bytes were taken.
std::size_t LogFile::put(std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    if (way_ == Way::kInPiecesWhenReady && !ready_to_write(fd_, milliseconds(0))) {
      if (!wait_for_reader()) break;
    }
    const ssize_t n = ::write(fd_, text.data() + done, text.size() - done);
    if (n > 0) {
      ++writes_;
      bytes_written_ += static_cast<std::uint64_t>(n);
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for_reader())) {
      break;
    }
  }
  return done;
}

// False if there is no time left in this second.
bool LogFile::wait_for_reader() {
  const Clock::time_point start = Clock::now();
  if (start - second_ >= seconds(1)) {
    second_ = start;
    patience_ = kPatience;
  }
  if (patience_.count() <= 0) return false;
  const bool ready = ready_to_write(fd_, ceil<milliseconds>(patience_));
  patience_ -= Clock::now() - start;
  return ready;
}

bool LogFile::reopen() {
  const Opened fresh = open(path_);
  if (fresh.fd < 0) return false;
  // dup3 replaces the file behind fd_ in one step, also under a write that runs right now.
  const bool replaced = dup3(fresh.fd, fd_, O_CLOEXEC) >= 0;
  const int error = errno;
  if (replaced) {
    way_ = fresh.way;
    if (torn_.exchange(false)) ++lines_lost_;
  }
  close(fresh.fd);
  errno = error;
  return replaced;
}

}  // namespace service
