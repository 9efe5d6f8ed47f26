// A process under every capture at once, over HTTP, while it does all that makes profilers fall:
// exceptions, threads and fibers that come and go, dlopen and dlclose, fork and exec, contended
// locks. It must neither hang nor crash, and every request must be answered with a profile.
// PPROF_SAFETY_SECONDS (default 3) says for how long.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pprof/httplib.h"
#include "pprof/label.h"
#include "pprof/mutex.h"
#include "pprof/thread.h"
#include "pprof/trace.h"
#include "sanitizers.h"
#include "thread_timer.h"

extern "C" void __register_frame(void*);

namespace pprof {
namespace {

using std::chrono::seconds;

seconds test_duration() {
  const char* const text = std::getenv("PPROF_SAFETY_SECONDS");  // NOLINT(concurrency-mt-unsafe)
  return seconds(text != nullptr ? std::atoi(text) : 3);
}

[[gnu::noinline]] int throw_from(int depth) {
  if (depth == 0) throw std::runtime_error(std::string(100, 'x'));
  const std::string on_the_way = std::to_string(depth);  // to be destroyed while unwinding
  return throw_from(depth - 1) + static_cast<int>(on_the_way.size());
}

void throw_and_catch() {
  const TraceSpan span("throw");
  try {
    throw_from(20);
  } catch (const std::exception&) {
  }
}

void start_a_thread() {
  std::thread([] {
    const ThreadScope scope("short-lived");
    const LabelScope label("route", "/short");
    throw_and_catch();
  }).join();
}

void load_and_unload() {
  void* const plugin = dlopen(PPROF_SAFETY_PLUGIN, RTLD_NOW);
  ASSERT_NE(plugin, nullptr) << dlerror();  // NOLINT(concurrency-mt-unsafe)
  const auto function = reinterpret_cast<int (*)(int)>(dlsym(plugin, "plugin_throws_and_catches"));
  EXPECT_EQ(function(10), 10);
  dlclose(plugin);
}

// As a JIT does: from then on libgcc's unwinder takes a lock for each frame of a throw.
void register_frames() {
#if defined(__x86_64__)
  static std::array<char, 64> code;
  struct [[gnu::packed]] Frames {
    std::uint32_t common_size = 20;
    std::uint32_t common_id = 0;
    // Version 1, no augmentation, factors 1 and -8, column 16; CFA rsp + 8, return address there.
    std::array<unsigned char, 16> common{1, 0, 1, 0x78, 16, 0x0C, 7, 8, 0x90, 1};
    std::uint32_t function_size = 20;
    std::uint32_t common_distance = 28;
    const void* begin = code.data();
    std::uint64_t size = sizeof(code);
    std::uint32_t end = 0;
  };
  static Frames frames;
  __register_frame(&frames);
#endif
}

// The ordinary way to read the flags: between the two, the unwind information is wrong.
void push_and_pop() {
#if defined(__x86_64__)
  unsigned long flags = 0;
  for (int i = 0; i < 100'000; ++i) {
    asm volatile("sub $128, %%rsp\n pushf\n pop %0\n add $128, %%rsp"
                 : "=r"(flags)::"cc", "memory");
  }
#endif
}

void allocate_here() {
  for (int i = 0; i < 1000; ++i) std::string(static_cast<std::size_t>(i), 'x');
}

// On a stack that comes and goes with it.
void run_a_fiber() {
#if !defined(PPROF_TSAN) && !defined(PPROF_ASAN)  // which would have to be told
  constexpr std::size_t kBytes = 128 * 1024;
  static constinit thread_local ucontext_t outside{};
  static constinit thread_local ucontext_t fiber{};
  void* const stack =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(stack, MAP_FAILED);
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = stack;
  fiber.uc_stack.ss_size = kBytes;
  fiber.uc_link = &outside;
  makecontext(&fiber, allocate_here, 0);
  swapcontext(&outside, &fiber);
  munmap(stack, kBytes);
#endif
}

#if !defined(PPROF_TSAN)  // which runs handlers, and ends threads, at its own calls only

// As a timeout does that ends a computation.
void leave_a_handler_by_a_jump() {
  static constinit thread_local sigjmp_buf before{};
  static constinit thread_local volatile bool is_set = false;
  static const bool handled = [] {
    struct sigaction action {};
    action.sa_handler = [](int) {
      if (is_set) siglongjmp(before, 1);
    };
    return sigaction(SIGALRM, &action, nullptr) == 0;
  }();
  ASSERT_TRUE(handled);
  const testing::ThreadTimer timer(CLOCK_MONOTONIC, SIGALRM, std::chrono::microseconds(100));
  for (volatile int jumps = 0; jumps < 100;) {
    if (sigsetjmp(before, 1) == 0) {
      is_set = true;
      while (true) asm volatile("");
    }
    is_set = false;
    jumps = jumps + 1;
  }
}

// Of one that computes and may be cancelled anywhere, and of one that waits.
void cancel_threads() {
  const auto compute = [](void* /*unused*/) -> void* {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    while (true) asm volatile("");
  };
  const auto wait = [](void* /*unused*/) -> void* {
    while (true) poll(nullptr, 0, 1000);
  };
  for (void* (*const function)(void*) : {+compute, +wait}) {
    pthread_t thread{};
    ASSERT_EQ(pthread_create(&thread, nullptr, function, nullptr), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
  }
}

#endif

void expect_success_of(pid_t child) {
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0);
}

void fork_and_exec() {
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(127);
  }
  expect_success_of(child);
}

void spawn() {
  std::array<char*, 2> arguments{const_cast<char*>("true"), nullptr};
  pid_t child = 0;
  ASSERT_EQ(posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments.data(), environ), 0);
  expect_success_of(child);
}

void contend() {
  static Mutex mutex;
  static ConditionVariable condition;
  const LabelScope label("route", "/contend");
  std::unique_lock lock(mutex);
  condition.wait_for(lock, std::chrono::microseconds(100));
  std::map<int, std::string> memory;
  for (int i = 0; i < 50; ++i) memory[i] = std::string(static_cast<std::size_t>(100 * i), 'x');
  condition.notify_all();
}

void wait_in_poll() { EXPECT_TRUE(poll(nullptr, 0, 5) == 0 || errno == EINTR); }

// Threads that repeat their work until stop(). Each must get on with it: stop() waits for that, and
// the watchdog for stop().
class Load {
 public:
  void add(const char* name, std::function<void()> work) {
    counters_.push_back(std::make_unique<std::atomic<long>>(0));
    threads_.emplace_back([this, name, work = std::move(work), count = counters_.back().get()] {
      const ThreadScope scope(name);
      while (!stop_) {
        work();
        count->fetch_add(1);
      }
    });
  }

  void stop() {
    for (const auto& counter : counters_) {
      while (*counter == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<std::atomic<long>>> counters_;
  std::vector<std::thread> threads_;
};

// Ends the process, with a message, if the test does not end: a hang is also a failure.
class Watchdog {
 public:
  explicit Watchdog(seconds limit)
      : thread_([this, limit] {
          std::unique_lock lock(mutex_);
          if (!condition_.wait_for(lock, limit, [this] { return done_; })) {
            std::fprintf(stderr, "safety_test: hangs; attach a debugger to see where\n");
            std::abort();
          }
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    condition_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool done_ = false;
  std::thread thread_;
};

void get(int port, const std::string& path) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(seconds(60));
  const auto result = client.Get("/debug/pprof/" + path);
  ASSERT_TRUE(result) << path << ": " << httplib::to_string(result.error());
  EXPECT_EQ(result->status, 200) << path << ": " << result->body.substr(0, 300);
  EXPECT_FALSE(result->body.empty()) << path;
}

TEST(Safety, EveryCaptureAtOnceUnderHostileLoad) {
  const seconds duration = test_duration();
  const Watchdog watchdog(duration + seconds(120));
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(16); };
  mount(server);
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread listener([&server] { server.listen_after_bind(); });

  register_frames();
  Load load;
  load.add("thrower", throw_and_catch);
  load.add("parent", start_a_thread);
  load.add("loader", load_and_unload);
  load.add("pusher", push_and_pop);
  load.add("fiber", run_a_fiber);
#if !defined(PPROF_TSAN)
  load.add("jumper", leave_a_handler_by_a_jump);
  load.add("canceller", cancel_threads);
#endif
  load.add("forker", fork_and_exec);
  load.add("spawner", spawn);
  load.add("contender-1", contend);
  load.add("contender-2", contend);
  load.add("poller", wait_in_poll);

  Load captures;
  std::vector<std::string> paths = {
      "profile?seconds=1", "wall?seconds=1",  "trace?seconds=1", "block", "mutex",
      "threads",           "threads?debug=2", "mutex?seconds=1"};
  if (testing::kHasHeap) paths.insert(paths.end(), {"heap", "allocs", "heap?seconds=1"});
  for (const std::string& path : paths) {
    captures.add("client", [port, path] { get(port, path); });
  }
  std::this_thread::sleep_for(duration);
  captures.stop();
  load.stop();
  server.stop();
  listener.join();
}

}  // namespace
}  // namespace pprof
