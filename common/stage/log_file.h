// The file behind a logger: one write(2) a call, reopening, and an account of what was lost. Used
// by the stages' loggers and by the app.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace service {

enum class LogLevel { kDebug, kInfo, kOff };

// write() calls must not overlap (the logger's lock sees to that). reopen() and the counters may be
// used from any thread.
class LogFile {
 public:
  // `path` "-" is standard error. Throws std::runtime_error, with a remedy, when the file cannot
  // be opened.
  explicit LogFile(std::string path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Appends whole lines. What the file does not take (disk full, file system gone, a reader of the
  // pipe or terminal that does not read) is lost and counted, not reported: a service that cannot
  // log still answers. Waits for such a reader for at most kPatience in each second, all calls
  // together. A line of which a part was written is finished before the next one.
  void write(std::string_view lines);
  static constexpr std::chrono::milliseconds kPatience{100};

  // Opens the path again, for log rotation. On failure returns false, the reason in errno, and
  // keeps the old file.
  bool reopen();

  std::uint64_t writes() const { return writes_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  // With a line of which only a part was written: it counts also until its end is written.
  std::uint64_t lines_lost() const { return lines_lost_ + (torn_ ? 1 : 0); }

 private:
  // How to write without waiting: files take everything at once; a pipe whole lines in pieces; so
  // does what may block because others also have it open, but only when it is ready.
  enum class Way { kWhole, kInPieces, kInPiecesWhenReady };
  struct Opened {
    int fd;
    Way way;
  };

  static Opened open_standard_error();
  static Opened open(const std::string& path);
  std::size_t put(std::string_view text);
  bool wait_for_reader();

  const std::string path_;
  int fd_ = -1;
  std::atomic<Way> way_{Way::kWhole};
  std::string rest_;               // of the line that was written in part
  std::atomic<bool> torn_{false};  // there is one
  std::chrono::steady_clock::time_point second_;
  std::chrono::nanoseconds patience_ = kPatience;  // left of the second that began at second_
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<std::uint64_t> lines_lost_{0};
};

}  // namespace service
