// The contract of Logger: one whole line an event, whatever the client sent.
#include "logger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <random>
#include <stdexcept>
#include <thread>

#include "tests/support.h"
#include "utf8.h"

namespace {

std::int64_t clock_offset_seconds = 0;

}  // namespace

// The program's own definition comes before the C library's.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (clock == CLOCK_REALTIME) now->tv_sec += clock_offset_seconds;
  return result;
}

namespace service {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z ";

// The lines that `use` logs at `level`.
template <typename Use>
std::vector<std::string> lines(LogLevel level, Use use) {
  TempFile file;
  LogFile log(file.path());
  Logger logger(log, level);
  use(logger);
  logger.flush();
  return file.lines();
}

TEST(Logger, WritesOneLineARequest) {
  const auto written = lines(LogLevel::kInfo, [](Logger& logger) {
    logger.request("/v1/leftpad/?len=50", "127.0.0.1", "curl/7.88.1");
  });
  EXPECT_THAT(written,
              ElementsAre(MatchesRegex(std::string(kTime) +
                                       "request url=\"/v1/leftpad/\\?len=50\" ip=\"127.0.0.1\" "
                                       "user_agent=\"curl/7.88.1\"")));
}

TEST(Logger, StampsLinesWithTheTimeInUtc) {
  setenv("TZ", "XYZ+7", 1);  // so that local time is another
  tzset();
  using std::chrono::system_clock;  // std::time() may lag behind it by some milliseconds
  const std::time_t before = system_clock::to_time_t(system_clock::now());
  const auto written =
      lines(LogLevel::kInfo, [](Logger& logger) { logger.request("/", "ip", "agent"); });
  const std::time_t after = system_clock::to_time_t(system_clock::now());
  unsetenv("TZ");
  tzset();
  ASSERT_THAT(written, SizeIs(1));
  std::tm stamp{};
  ASSERT_NE(strptime(written[0].c_str(), "%Y-%m-%dT%H:%M:%S", &stamp), nullptr);
  EXPECT_GE(timegm(&stamp), before);
  EXPECT_LE(timegm(&stamp), after);
}

TEST(Logger, StampsTimesBefore1970) {
  clock_offset_seconds = -std::time(nullptr) - 1'000'000'000;
  const auto written =
      lines(LogLevel::kInfo, [](Logger& logger) { logger.request("/", "ip", "agent"); });
  clock_offset_seconds = 0;
  EXPECT_THAT(written, ElementsAre(MatchesRegex(std::string("1938-04-24T22:1") +
                                                "[0-9]:[0-9]{2}\\.[0-9]{6}Z request .*")));
}

// A stage has all levels or none: then it writes every line.
TEST(Logger, KeepsToItsLevel) {
  const auto count = [](LogLevel level) {
    return lines(level,
                 [](Logger& logger) {
                   logger.request("/", "ip", "agent");
                   logger.timing("leftpad", std::chrono::nanoseconds(1));
                 })
        .size();
  };
  EXPECT_EQ(count(LogLevel::kDebug), 2u);
  const bool has_levels = count(LogLevel::kInfo) != 2;
  EXPECT_EQ(count(LogLevel::kInfo), has_levels ? 1u : 2u);
  EXPECT_EQ(count(LogLevel::kOff), has_levels ? 0u : 2u);
}

TEST(Logger, WritesTimingsAtDebugLevel) {
  const auto written = lines(LogLevel::kDebug, [](Logger& logger) {
    logger.timing("leftpad", std::chrono::nanoseconds(1'234'567));
  });
  EXPECT_THAT(written, ElementsAre(MatchesRegex(std::string(kTime) +
                                                "timing handler=\"leftpad\" elapsed_us=1234")));
}

TEST(Logger, LetsNoClientStartALine) {
  const auto written = lines(LogLevel::kInfo, [](Logger& logger) {
    logger.request("/a\r\nb", "::1", std::string("x\" \x1b[2J\\\0\x7f", 10));
  });
  ASSERT_THAT(written, SizeIs(1));
  EXPECT_THAT(written[0], testing::EndsWith("request url=\"/a\\x0d\\x0ab\" ip=\"::1\" "
                                            "user_agent=\"x\\\" \\x1b[2J\\\\\\x00\\x7f\""));
}

// The part of a line between the quotes, for this URL.
std::string logged_url(std::string_view url) {
  const auto written = lines(
      LogLevel::kInfo, [url](Logger& logger) { logger.request(std::string(url), "ip", "agent"); });
  if (written.size() != 1) return std::to_string(written.size()) + " lines";
  const auto begin = written[0].find("url=\"") + 5;
  return written[0].substr(begin, written[0].find("\" ip=\"") - begin);
}

TEST(Logger, WritesTextAsItIs) {
  for (const char* text : {"/ä→😀", "\xc2\xa0", "/\u200d\ufeff", "\U0010ffff", "~ }"}) {
    EXPECT_EQ(logged_url(text), text);
  }
}

TEST(Logger, EscapesWhatATerminalOrAReaderOfLinesTakesForACommand) {
  EXPECT_EQ(logged_url("a\xc2\x9b"
                       "2Jb"),
            "a\\xc2\\x9b2Jb");
  EXPECT_EQ(logged_url("\xc2\x80"), "\\xc2\\x80");
  EXPECT_EQ(logged_url("\xc2\x85\xc2\x9f"), "\\xc2\\x85\\xc2\\x9f");
  EXPECT_EQ(logged_url("→\u2028\u2029→"), "→\\xe2\\x80\\xa8\\xe2\\x80\\xa9→");
  for (const char* bidi : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
                           "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    EXPECT_THAT(logged_url(bidi), MatchesRegex("(\\\\x[0-9a-f]{2})+")) << bidi;
  }
}

TEST(Logger, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(logged_url("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(logged_url("a\xc3"), "a\\xc3");                  // cut off
  EXPECT_EQ(logged_url("\xe2\x80→"), "\\xe2\\x80→");         // cut off by the next
  EXPECT_EQ(logged_url("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(logged_url("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(logged_url("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(logged_url("ä\x80ä"), "ä\\x80ä");
}

TEST(Logger, IsValidUtf8WhateverTheBytes) {
  std::minstd_rand random(20261125);
  for (int i = 0; i < 500; ++i) {
    std::string url;
    for (auto n = random() % 12; n > 0; --n) {
      const auto byte = static_cast<char>(random() % 256);
      url += random() % 2 == 0 ? std::string(1, byte) : "\u2027\xc2";
    }
    const std::string logged = logged_url(url);
    ASSERT_TRUE(is_valid_utf8(logged)) << logged;
    ASSERT_EQ(logged.find_first_of("\x7f\n\r\x1b"), std::string::npos);
  }
}

TEST(Logger, KeepsALineLongerThanItsBuffer) {
  const std::string url(100'000, 'u');
  const auto written = lines(LogLevel::kInfo, [&](Logger& logger) {
    logger.request("/before", "ip", "agent");
    logger.request(url, "ip", "agent");
    logger.request("/after", "ip", "agent");
  });
  ASSERT_THAT(written, SizeIs(3));
  EXPECT_THAT(written[0], testing::HasSubstr("\"/before\""));
  EXPECT_THAT(written[1], testing::HasSubstr(url));
  EXPECT_THAT(written[2], testing::HasSubstr("\"/after\""));
}

TEST(Logger, KeepsEveryLineOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 1000;
  const auto written = lines(LogLevel::kInfo, [](Logger& logger) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&logger] {
        for (int i = 0; i < kLines; ++i) logger.request("/path", "ip", "agent");
      });
    }
    for (auto& thread : threads) thread.join();
  });
  EXPECT_THAT(written, SizeIs(kThreads * kLines));
  EXPECT_THAT(
      written,
      testing::Each(testing::EndsWith(" request url=\"/path\" ip=\"ip\" user_agent=\"agent\"")));
}

TEST(Logger, FlushesWhenItGoesAway) {
  TempFile file;
  LogFile log(file.path());
  Logger(log, LogLevel::kInfo).request("/last", "ip", "agent");
  EXPECT_THAT(file.lines(), SizeIs(1));
}

TEST(Logger, CountsLinesThatTheDiskRefuses) {
  LogFile full("/dev/full");
  Logger logger(full, LogLevel::kInfo);
  logger.request("/a", "ip", "agent");
  logger.request("/b", "ip", "agent");
  logger.flush();
  EXPECT_EQ(full.lines_lost(), 2u);
}

TEST(Logger, GoesOnInANewFileAfterReopen) {
  TempFile file;
  LogFile log(file.path());
  Logger logger(log, LogLevel::kInfo);
  logger.request("/old", "ip", "agent");
  logger.flush();
  const std::string rotated = file.path() + ".1";
  std::filesystem::rename(file.path(), rotated);
  ASSERT_TRUE(log.reopen());
  logger.request("/new", "ip", "agent");
  logger.flush();
  ASSERT_THAT(file.lines(), SizeIs(1));
  EXPECT_THAT(file.lines()[0], testing::HasSubstr("/new"));
}

// A disk that is full after `bytes` more: the kernel takes a part of a write, then nothing.
class FullAfter {
 public:
  explicit FullAfter(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullAfter() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullAfter(const FullAfter&) = delete;
  FullAfter& operator=(const FullAfter&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(LogFile, FinishesALineThatAFullDiskCutOff) {
  TempFile file;
  LogFile log(file.path());
  {
    const FullAfter disk(9);
    log.write("first\nsecond\nthird\n");
    EXPECT_EQ(log.lines_lost(), 2u);  // "second" is not whole yet
    log.write("fourth\n");
    EXPECT_EQ(log.lines_lost(), 3u);
  }
  log.write("fifth\n");
  EXPECT_EQ(file.text(), "first\nsecond\nfifth\n");
  EXPECT_EQ(log.lines_lost(), 2u);
}

// The end of a line that a full disk cut off belongs to the old file.
TEST(LogFile, StartsTheNewFileWithALineAfterATornOne) {
  TempFile file;
  LogFile log(file.path());
  {
    const FullAfter disk(3);
    log.write("cut off\n");
  }
  const std::string rotated = file.path() + ".1";
  std::filesystem::rename(file.path(), rotated);
  ASSERT_TRUE(log.reopen());
  log.write("whole\n");
  EXPECT_EQ(file.text(), "whole\n");
  EXPECT_EQ(log.lines_lost(), 1u);
}

// A FIFO that is opened for reading, and read only when asked.
class StalledReader {
 public:
  explicit StalledReader(const std::string& path)
      : made_(mkfifo(path.c_str(), 0600)), fd_(open(path.c_str(), O_RDONLY | O_NONBLOCK)) {
    if (made_ != 0 || fd_ < 0) throw std::runtime_error("no FIFO");
  }
  ~StalledReader() { close(fd_); }
  StalledReader(const StalledReader&) = delete;
  StalledReader& operator=(const StalledReader&) = delete;

  // All that has been written since the last call.
  std::string drain() const {
    std::string text;
    char block[4096];
    for (ssize_t n; (n = read(fd_, block, sizeof block)) > 0;) {
      text.append(block, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int made_;
  int fd_;
};

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(LogFile, CountsTheLinesThatAStalledReaderMisses) {
  constexpr std::size_t kLines = 3000;  // 64 KiB of a pipe take about 900
  TempFile fifo;
  const StalledReader reader(fifo.path());
  LogFile log(fifo.path());
  {
    Logger logger(log, LogLevel::kInfo);
    for (std::size_t i = 0; i < kLines; ++i) logger.request("/path", "127.0.0.1", "agent");
  }
  const std::string received = reader.drain();
  EXPECT_GT(log.lines_lost(), 0u);
  EXPECT_EQ(count_lines(received) + log.lines_lost(), kLines);
  EXPECT_EQ(received.back(), '\n');
}

TEST(LogFile, WaitsAMomentForAReaderBeforeItLosesALine) {
  TempFile fifo;
  const StalledReader reader(fifo.path());
  LogFile log(fifo.path());
  const auto start = std::chrono::steady_clock::now();
  while (log.lines_lost() == 0) log.write("line\n");
  EXPECT_GE(std::chrono::steady_clock::now() - start, LogFile::kPatience);
}

TEST(LogFile, GoesOnWhenTheReaderReadsAgain) {
  TempFile fifo;
  const StalledReader reader(fifo.path());
  LogFile log(fifo.path());
  for (int i = 0; i < 1000; ++i) log.write(std::string(99, 'x') + "\n");
  reader.drain();
  const auto lost = log.lines_lost();
  log.write("again\n");
  EXPECT_EQ(reader.drain(), "again\n");
  EXPECT_EQ(log.lines_lost(), lost);
}

// Longer than what a pipe takes in one piece: its end comes first when the reader is back.
TEST(LogFile, NeverMixesALongLineWithTheNext) {
  const std::string line = std::string(100'000, 'x') + "\n";
  TempFile fifo;
  const StalledReader reader(fifo.path());
  LogFile log(fifo.path());
  log.write(line + "lost\n");
  log.write("lost\n");
  std::string received = reader.drain();
  ASSERT_LT(received.size(), line.size());
  EXPECT_EQ(log.lines_lost(), 3u);
  log.write("next\n");
  received += reader.drain();
  EXPECT_EQ(received, line + "next\n");
  EXPECT_EQ(log.lines_lost(), 2u);
}

// Whoever shares the terminal or pipe would find its own writes failing.
TEST(LogFile, LeavesTheFlagsOfStandardErrorAlone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  const int flags = fcntl(ends[1], F_GETFL);
  LogFile log("-");
  for (int i = 0; i < 1000; ++i) log.write(std::string(99, 'x') + "\n");
  EXPECT_EQ(fcntl(ends[1], F_GETFL), flags);
  dup2(saved, STDERR_FILENO);
  close(saved);
  EXPECT_GT(log.lines_lost(), 0u);
  close(ends[0]);
  close(ends[1]);
}

// systemd connects standard error with a socket, which cannot be opened a second time.
TEST(LogFile, NeverWaitsForASocketThatNobodyReads) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  LogFile log("-");
  dup2(saved, STDERR_FILENO);
  close(saved);
  constexpr std::size_t kLines = 10'000;
  for (std::size_t i = 0; i < kLines; ++i) log.write(std::string(99, 'x') + "\n");
  EXPECT_GT(log.lines_lost(), 0u);
  std::size_t received = 0;
  char block[4096];
  for (ssize_t n; (n = recv(ends[0], block, sizeof block, MSG_DONTWAIT)) > 0;) {
    received += count_lines({block, static_cast<std::size_t>(n)});
  }
  EXPECT_EQ(received + log.lines_lost(), kLines);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace service
