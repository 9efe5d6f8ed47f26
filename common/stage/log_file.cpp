#include "log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace service {
namespace {

// O_NONBLOCK only for the opening: of a FIFO without a reader it would wait, deaf to signals.
int open_log(const std::string& path) {
  if (path == "-") return dup(STDERR_FILENO);
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd >= 0) fcntl(fd, F_SETFL, O_APPEND);
  return fd;
}

}  // namespace

LogFile::LogFile(std::string path) : path_(std::move(path)), fd_(open_log(path_)) {
  if (fd_ < 0) {
    const int error = errno;
    throw std::system_error(error, std::generic_category(),
                            "--log-file=" + path_ +
                                (error == ENXIO ? " is a FIFO that nobody reads; start its reader"
                                                : " cannot be opened for writing"));
  }
}

LogFile::~LogFile() { close(fd_); }

void LogFile::write(std::string_view lines) {
  if (torn_ && !lines.empty() && ::write(fd_, "\n", 1) == 1) torn_ = false;
  while (!lines.empty()) {
    const ssize_t n = ::write(fd_, lines.data(), lines.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      lines_lost_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
      return;
    }
    ++writes_;
    bytes_written_ += static_cast<std::uint64_t>(n);
    torn_ = lines[static_cast<std::size_t>(n) - 1] != '\n';
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool LogFile::reopen() {
  const int fresh = open_log(path_);
  if (fresh < 0) return false;
  // dup3 replaces the file behind fd_ in one step, also under a write that runs right now.
  const bool replaced = dup3(fresh, fd_, O_CLOEXEC) >= 0;
  const int error = errno;
  if (replaced) torn_ = false;
  close(fresh);
  errno = error;
  return replaced;
}

}  // namespace service
