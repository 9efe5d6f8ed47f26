// Labels go with work that changes threads: through an executor for coroutines, and into a thread
// that is started. Three orders are worked on for a while, step by step, each step on whichever
// thread of a pool is free.
// Usage: pprof_coroutines [SECONDS]   (default 60; profiles at the address that it prints)
#include <pprof/httplib.h>
#include <pprof/label.h>
#include <pprof/thread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

// Threads that resume suspended coroutines.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    add({nullptr, {}});  // the last job: each thread leaves it to the next one
    for (std::thread& thread : threads_) thread.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // [executor]
  struct Job {
    std::coroutine_handle<> coroutine;
    pprof::Labels labels;
  };

  // co_await pool.next_thread(): goes on on another thread, with the same labels.
  auto next_thread() {
    struct Awaiter {
      Pool& pool;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) const {
        pool.add({coroutine, pprof::Labels::current()});
      }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

  static void resume(const Job& job) {
    const pprof::LabelScope labels(job.labels);
    job.coroutine.resume();
  }
  // [executor]

 private:
  void add(const Job& job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(job);
    }
    condition_.notify_one();
  }

  void work() {
    const pprof::ThreadScope name("pool");
    for (;;) {
      std::unique_lock lock(mutex_);
      condition_.wait(lock, [this] { return !jobs_.empty(); });
      const Job job = jobs_.front();
      if (!job.coroutine) return condition_.notify_one();
      jobs_.pop_front();
      lock.unlock();
      resume(job);
    }
  }

  std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;
};

// A coroutine that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

volatile unsigned long result;

[[gnu::noinline]] void compute() {
  unsigned long bits = 88172645463325252UL;
  for (int i = 0; i < 300000; ++i) bits = bits ^ bits << 13U ^ bits >> 7U;
  result = bits;
}

// [thread]
void audit_on_a_thread() {
  std::thread thread([labels = pprof::Labels::current()] {
    const pprof::ThreadScope name("audit");
    const pprof::LabelScope scope(labels);
    for (int i = 0; i < 20; ++i) compute();
  });
  thread.join();
}
// [thread]

// [coroutine]
Detached work_on_order(Pool& pool, std::string name, const std::atomic<bool>& stop,
                       std::atomic<int>& running) {
  static constexpr std::array kSteps{"check", "pack", "send"};
  {
    const pprof::LabelScope order("order", name.c_str());  // kept over every co_await
    for (std::size_t i = 0; !stop; ++i) {
      co_await pool.next_thread();
      const pprof::LabelScope step("step", kSteps[i % kSteps.size()]);
      compute();
      if (i % 30 == 29) audit_on_a_thread();
    }
  }
  --running;
}
// [coroutine]

}  // namespace

int main(int argc, char** argv) {
  httplib::Server debug;
  pprof::mount(debug);
  const int port = debug.bind_to_any_port("127.0.0.1");
  std::thread debug_thread([&debug] { debug.listen_after_bind(); });
  while (!debug.is_running()) std::this_thread::yield();
  std::cout << "http://127.0.0.1:" << port << "/debug/pprof/" << std::endl;
  {
    Pool pool(4);
    std::atomic<bool> stop{false};
    std::atomic<int> running{3};
    for (const char* name : {"a", "b", "c"}) {
      const pprof::LabelScope none{pprof::Labels()};  // what the order sets is not left here
      work_on_order(pool, name, stop, running);
    }
    std::this_thread::sleep_for(std::chrono::seconds(argc > 1 ? std::atoi(argv[1]) : 60));
    stop = true;
    while (running > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  debug.stop();
  debug_thread.join();
}
