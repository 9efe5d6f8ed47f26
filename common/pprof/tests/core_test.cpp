// Profiles without a server: into memory and files, for a duration, and between start and stop.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "heap/heap.h"
#include "pprof/capture.h"
#include "pprof/rates.h"
#include "pprof/trace.h"
#include "refuse_syscall.h"

namespace pprof {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds;

constexpr std::string_view kGzip = "\x1f\x8b";

std::string error_of(std::string_view profile, const CaptureOptions& options = {}) {
  const auto result = capture(profile, options);
  return result ? "" : result.error();
}

// What a comment says of the memory that the profiler allocated itself, in bytes; 0 without one.
std::int64_t left_out_of(const std::string& text) {
  const std::size_t note = text.find("left out, allocated by the profiler itself:");
  if (note == std::string::npos) return 0;
  const std::string key = " alloc_space ";
  return std::stoll(text.substr(text.find(key, note) + key.size()));
}

}  // namespace

TEST(Core, TakesWhatTheEndpointsGive) {
  for (const char* const profile : {"profile", "wall"}) {
    EXPECT_TRUE(capture(profile, {.duration = milliseconds(50)}).value().starts_with(kGzip));
  }
  EXPECT_TRUE(capture("trace", {.duration = milliseconds(50)}).value().starts_with("{"));
  for (const char* const profile : {"block", "mutex", "threads"}) {
    EXPECT_TRUE(capture(profile).value().starts_with(kGzip)) << profile;
    EXPECT_TRUE(capture(profile, {.duration = milliseconds(50)}).value().starts_with(kGzip));
  }
  EXPECT_TRUE(capture("threads", {.as_text = true}).value().starts_with("threads profile: total"));
}

TEST(Core, ErrorsAreValuesThatSayWhatToDo) {
  EXPECT_TRUE(error_of("cpu").starts_with("unknown profile \"cpu\": use one of allocs block"));
  for (const nanoseconds duration : {nanoseconds(0), nanoseconds(-1), nanoseconds::max()}) {
    EXPECT_EQ(error_of("profile", {.duration = duration}),
              "profile: the duration must be above 0 and at most a year");
  }
  EXPECT_NE(error_of("threads", {.duration = milliseconds(-1)}), "");
}

TEST(Core, ADifferenceSaysWhatTheProfilerAllocatedMeanwhile) {
  if (!internal::heap_available()) GTEST_SKIP() << "this binary has no sampler";
  ASSERT_TRUE(set_heap_profile_rate(4096));
  ASSERT_TRUE(capture("allocs"));  // reads debug information
  const std::string all = capture("allocs", {.as_text = true}).value();
  const std::string added =
      capture("allocs", {.duration = milliseconds(20), .as_text = true}).value();
  EXPECT_GT(left_out_of(all), 100'000) << all;
  EXPECT_LT(left_out_of(added), left_out_of(all) / 2) << added;
}

TEST(Core, GivesAFunctionTheBytesOrTellsWhyNot) {
  std::string taken;
  const auto append = [&taken](std::string_view bytes) { taken += bytes; };
  ASSERT_TRUE(capture_to("threads", append));
  EXPECT_TRUE(taken.starts_with(kGzip));
  const std::string all = taken;
  EXPECT_EQ(capture_to("nope", append).error(), error_of("nope"));
  EXPECT_EQ(taken, all);
  const auto refuse = [](std::string_view) { throw std::runtime_error("the bucket is full"); };
  EXPECT_EQ(capture_to("threads", refuse).error(), "threads: the bucket is full");
}

TEST(Core, WritesAFileOrNothing) {
  const std::string folder = ::testing::TempDir() + "pprof_core_test";
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/threads.pb.gz";
  ASSERT_TRUE(capture_to_file("threads", path));
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(file), {}).starts_with(kGzip));
  EXPECT_FALSE(capture_to_file("nope", folder + "/nope"));
  const auto lost = capture_to_file("threads", folder + "/none/threads");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), folder +
                              "/none/threads cannot be written: No such file or directory: "
                              "choose another folder");
  const std::filesystem::directory_iterator files(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
  std::filesystem::remove_all(folder);
}

// As a collector and the program itself may.
TEST(Core, SeveralMayWriteTheSameFile) {
  const std::string folder = ::testing::TempDir() + "pprof_core_test_same";
  std::filesystem::create_directory(folder);
  const auto write = [path = folder + "/mutex.pb.gz"] {
    for (int i = 0; i < 100; ++i) {
      const auto written = capture_to_file("mutex", path);
      EXPECT_TRUE(written) << written.error();
    }
  };
  std::thread other(write);
  write();
  other.join();
  const std::filesystem::directory_iterator files(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
  std::filesystem::remove_all(folder);
}

TEST(CoreDeathTest, WithoutAThreadThereIsAnErrorAndTheSignalIsLeftAlone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const bool is_refused =
            testing::refuse_syscall(SYS_clone) && testing::refuse_syscall(SYS_clone3);
        const std::string none = "no thread can be started: ";
        struct sigaction action {};
        const bool is_right =
            capture_on_signal(SIGUSR2).error().starts_with("capture_on_signal(): " + none) &&
            sigaction(SIGUSR2, nullptr, &action) == 0 && action.sa_handler == SIG_DFL &&
            Capture("wall").stop().error().starts_with("wall: " + none);
        std::_Exit(is_refused && is_right ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(Core, CapturesFromStartToStop) {
  { const TraceSpan span("too early"); }
  Capture capture("trace");
  { const TraceSpan span("in time"); }
  const std::string trace = capture.stop().value();
  { const TraceSpan span("too late"); }
  EXPECT_NE(trace.find("in time"), std::string::npos);
  EXPECT_EQ(trace.find("too"), std::string::npos);
  EXPECT_EQ(capture.stop().value(), trace);
  for (const char* const profile : {"profile", "wall", "threads"}) {
    EXPECT_TRUE(Capture(profile).stop().value().starts_with(kGzip)) << profile;
  }
}

TEST(Core, ASignalIsTakenOnceAndOnlyIfItIsFree) {
  for (const int signal : {SIGKILL, SIGURG, SIGPROF}) {
    EXPECT_EQ(capture_on_signal(signal).error(),
              "signal " + std::to_string(signal) +
                  " has a handler, or cannot have one: choose another one");
  }
  EXPECT_EQ(capture_on_signal(SIGUSR2, {.profiles = {"cpu"}}).error(), error_of("cpu"));
  const std::string folder = ::testing::TempDir() + "pprof_on_signal";
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(capture_on_signal(SIGUSR2, {.profiles = {"threads"}, .folder = folder}));
  EXPECT_FALSE(capture_on_signal(SIGUSR1));
  std::raise(SIGUSR2);
  const std::string file = folder + "/threads-" + std::to_string(getpid()) + "-1.pb.gz";
  while (!std::filesystem::exists(file)) std::this_thread::sleep_for(milliseconds(1));
  std::filesystem::remove_all(folder);
}

TEST(Core, ACaptureThatNobodyStopsEndsWithIt) {
  for (const char* const profile : {"profile", "wall", "trace", "block"}) Capture{profile};
  EXPECT_TRUE(Capture("nope").stop().error().starts_with("unknown profile \"nope\""));
}

}  // namespace pprof
