// The contract of Logger: one whole line an event, whatever the client sent.
#include "logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/support.h"

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
  const std::time_t before = std::time(nullptr);
  const auto written =
      lines(LogLevel::kInfo, [](Logger& logger) { logger.request("/", "ip", "agent"); });
  const std::time_t after = std::time(nullptr);
  unsetenv("TZ");
  tzset();
  ASSERT_THAT(written, SizeIs(1));
  std::tm stamp{};
  ASSERT_NE(strptime(written[0].c_str(), "%Y-%m-%dT%H:%M:%S", &stamp), nullptr);
  EXPECT_GE(timegm(&stamp), before);
  EXPECT_LE(timegm(&stamp), after);
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

// The end of a line that a full disk cut off belongs to the old file.
TEST(Logger, StartsTheNewFileWithALineAfterATornOne) {
  TempFile file;
  LogFile log(file.path());
  log.write("cut off");
  const std::string rotated = file.path() + ".1";
  std::filesystem::rename(file.path(), rotated);
  ASSERT_TRUE(log.reopen());
  log.write("whole\n");
  EXPECT_EQ(file.text(), "whole\n");
}

TEST(Logger, EndsATornLineBeforeTheNext) {
  TempFile file;
  LogFile log(file.path());
  log.write("cut off");
  log.write("whole\n");
  EXPECT_EQ(file.text(), "cut off\nwhole\n");
}

}  // namespace
}  // namespace service
