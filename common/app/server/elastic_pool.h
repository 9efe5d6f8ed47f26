// Thread pool for connections: one task is one connection, from accept to close. Created by
// cpp-httplib through new_task_queue; enqueue and shutdown are called by the accepting thread.
//
// The thread that became idle last gets the next task, so that the surplus of a burst stays idle
// and ends. Threads beyond the bound are never started: the task is refused instead, unless a
// connection is just ending.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "app/server/httplib_adapter.h"
#include "app/server/server_counters.h"
#include "pprof/mutex.h"

namespace service {

struct PoolOptions {
  std::size_t max_threads = 2048;
  std::chrono::milliseconds idle_timeout{10'000};
  std::size_t stack_bytes = std::size_t{4} << 20;
  // At shutdown: called first, to wake up idle connections; may be empty.
  std::function<void()> on_stop;
  // Whether some task ends soon without having said so; asked before one is refused. May be empty.
  std::function<bool()> any_left;
  // What happens beyond the bound: the task is called at once with refusing() true, or it waits
  // for a thread, as cpp-httplib's own pool does.
  bool refuse_when_full = true;
};

class ElasticPool final : public httplib::TaskQueue {
 public:
  using Task = std::function<void()>;

  // `counters` must outlive the pool.
  ElasticPool(PoolOptions options, ServerCounters& counters);
  ~ElasticPool() override;
  ElasticPool(const ElasticPool&) = delete;
  ElasticPool& operator=(const ElasticPool&) = delete;

  Enqueued enqueue(Task task) override;
  // Returns when every task has ended and every thread is joined. Leaves errno alone: it tells why
  // listen_after_bind() ended.
  void shutdown() override;

  // True inside a task that is called only to be refused: it must be quick and must not block.
  static bool refusing();
  // Said by a task before its client can know that it ends: the client's next connection then waits
  // for this thread, and is not refused.
  static void set_ending();

 private:
  struct Worker {
    ElasticPool* pool = nullptr;
    pthread_t thread{};
    // Not pprof's: an idle thread would fill the block profile with waits that delay nobody.
    std::condition_variable_any ready;
    Task task;            // set by enqueue, under the pool's mutex
    bool ending = false;  // see set_ending()
  };

  static thread_local Worker* t_worker;  // null on other threads

  static void* thread_main(void* worker);
  bool dispatch(Task& task, std::unique_lock<pprof::Mutex>& lock);
  bool wait_for_idle(std::unique_lock<pprof::Mutex>& lock);
  bool start_worker(Task& task);
  void refuse(Task& task);
  void run(Worker& worker);
  void run_task(Worker& worker);
  bool wait_for_task(Worker& worker, std::unique_lock<pprof::Mutex>& lock);
  void finish(Worker& worker);
  static void join_finished(const std::list<Worker>& finished);

  const PoolOptions options_;
  ServerCounters& counters_;
  pprof::Mutex mutex_;
  std::condition_variable_any changed_;  // a worker became idle, or has ended
  std::list<Worker> workers_;
  std::list<Worker> finished_;  // ended, not joined
  std::vector<Worker*> idle_;   // the last became idle last
  std::deque<Task> waiting_;    // only without refuse_when_full
  std::size_t ending_ = 0;      // workers that are `ending`
  bool stopping_ = false;
};

}  // namespace service
