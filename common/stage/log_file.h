// The file behind a logger: one write(2) a call, reopening, and an account of what was lost. Used
// by the stages' loggers and by the app.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace service {

enum class LogLevel { kDebug, kInfo, kOff };

// write() calls must not overlap (the logger's lock sees to that). reopen() and the counters may be
// used from any thread.
class LogFile {
 public:
  // `path` "-" is standard error. Throws std::system_error when the file cannot be opened.
  explicit LogFile(std::string path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Appends whole lines. A failure (disk full, file system gone) is counted, not reported: a
  // service that cannot log still answers.
  void write(std::string_view lines);

  // Opens the path anew, for log rotation. On failure returns false, the reason in errno, and keeps
  // the old file.
  bool reopen();

  std::uint64_t writes() const { return writes_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t lines_lost() const { return lines_lost_; }

 private:
  const std::string path_;
  int fd_ = -1;
  std::atomic<bool> torn_{false};  // the last write stopped in the middle of a line
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<std::uint64_t> lines_lost_{0};
};

}  // namespace service
