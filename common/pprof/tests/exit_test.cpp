// A process that calls exit() while a capture runs ends with the status it gave: nothing that
// captures, spans, labels or locks use is destroyed under their hands.
// Each run is a process of its own: `pprof_exit_test PROFILE MILLISECONDS AFTER` captures for that
// long again and again, and exits after AFTER milliseconds.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include "pprof/label.h"
#include "pprof/mutex.h"
#include "pprof/thread.h"
#include "pprof/trace.h"
#include "profiles/capture.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds;

// Made before the library's static objects, and so destroyed after them: all goes on meanwhile.
struct SlowToDestroy {
  SlowToDestroy() = default;
  ~SlowToDestroy() { std::this_thread::sleep_for(milliseconds(30)); }
  SlowToDestroy(const SlowToDestroy&) = delete;
  SlowToDestroy& operator=(const SlowToDestroy&) = delete;
};
[[gnu::init_priority(101)]] const SlowToDestroy slow_to_destroy;

[[noreturn]] void work() {
  static auto* const mutex = new pprof::Mutex;
  const pprof::ThreadScope name("worker");
  for (;;) {
    const pprof::LabelScope label("route", "/work");
    const pprof::TraceSpan span("work");
    const std::lock_guard lock(*mutex);
    delete new std::string(1000, 'x');
  }
}

// Captures over and over, with names and encoding, as an endpoint does.
[[noreturn]] void capture(const Endpoint& endpoint, milliseconds duration) {
  Take what;
  if (!endpoint.snapshot) what.duration = duration;
  for (;;) take(endpoint, what, [] { return true; });
}

int exit_during(const Endpoint& endpoint, milliseconds duration, milliseconds when) {
  for (int i = 0; i < 3; ++i) std::thread(work).detach();
  std::thread([&endpoint, duration] { capture(endpoint, duration); }).detach();
  std::this_thread::sleep_for(when);
  std::exit(0);  // NOLINT(concurrency-mt-unsafe)
}

struct Capture {
  const char* endpoint;
  const char* milliseconds;
};

class Exit : public ::testing::TestWithParam<Capture> {};

TEST_P(Exit, IsCleanDuring) {
  std::array<std::string, 4> texts{"/proc/self/exe", GetParam().endpoint, GetParam().milliseconds};
  for (int run = 0; run < 12; ++run) {
    texts[3] = std::to_string(20 + 17 * run);
    std::array<char*, 5> arguments{texts[0].data(), texts[1].data(), texts[2].data(),
                                   texts[3].data(), nullptr};
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ), 0);
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0) << "after " << texts[3] << " ms";
  }
}

// Each ends in the middle of one long capture, and between many short ones.
INSTANTIATE_TEST_SUITE_P(OfAnyKind, Exit,
                         ::testing::Values(Capture{"profile", "9000"}, Capture{"profile", "20"},
                                           Capture{"wall", "9000"}, Capture{"wall", "20"},
                                           Capture{"trace", "9000"}, Capture{"trace", "20"},
                                           Capture{"threads", "0"}, Capture{"heap", "0"},
                                           Capture{"block", "0"}, Capture{"mutex", "0"}),
                         [](const auto& info) {
                           return std::string(info.param.endpoint) + info.param.milliseconds;
                         });

}  // namespace
}  // namespace pprof::internal

int main(int argc, char** argv) {
  using namespace pprof::internal;
  if (argc == 4) {
    return exit_during(*find_endpoint(argv[1]), milliseconds(std::atoi(argv[2])),
                       milliseconds(std::atoi(argv[3])));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
