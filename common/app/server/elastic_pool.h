// Thread pool for connections: one task is one connection, from accept to close. Created by
// cpp-httplib through new_task_queue; enqueue and shutdown are called by the accepting thread.
//
// The thread that became idle last gets the next task, so that the surplus of a burst stays idle
// and ends.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "app/server/connection_registry.h"
#include "app/server/httplib_adapter.h"
#include "app/server/server_counters.h"
#include "app/server/server_options.h"
#include "pprof/mutex.h"

namespace service {

class ElasticPool final : public httplib::TaskQueue {
 public:
  using Task = std::function<void()>;

  // Uses max_threads, thread_idle_timeout and thread_stack_bytes. With `connections` a task beyond
  // the bound is refused, unless a connection is just ending: it is called at once with refusing()
  // true. Without, it waits for a thread, and the accepting thread with it. Both must outlive the
  // pool.
  ElasticPool(ServerOptions options, ServerCounters& counters,
              ConnectionRegistry* connections = nullptr);
  ~ElasticPool() override { shutdown(); }
  ElasticPool(const ElasticPool&) = delete;
  ElasticPool& operator=(const ElasticPool&) = delete;

  Enqueued enqueue(Task task) override;
  // Stops the connections, and returns when every task has ended and every thread is joined. Leaves
  // errno alone: it tells why listen_after_bind() ended.
  void shutdown() override;

  // True in a task that is called, by the accepting thread, only to be refused: it must be quick
  // and must not block.
  static bool refusing() { return t_worker == nullptr; }
  // Said by a task before its client can know that it ends: the client's next connection then waits
  // for this thread, and is not refused.
  static void set_ending();

 private:
  struct Worker {
    explicit Worker(ElasticPool& owner) : pool(owner) {}

    ElasticPool& pool;
    // Not pprof's: an idle thread would fill the block profile with waits that delay nobody.
    std::condition_variable_any ready;
    Task task;            // set by enqueue, under the pool's mutex
    bool ending = false;  // see set_ending()
  };

  static thread_local Worker* t_worker;  // null on other threads

  static void* thread_main(void* worker);
  void join_ended();  // with the mutex, which they do not take again
  bool dispatch(Task& task);
  bool start_worker(Task& task);
  void run(Worker& worker);
  bool wait_for_task(Worker& worker, std::unique_lock<pprof::Mutex>& lock);

  const ServerOptions options_;
  ServerCounters& counters_;
  ConnectionRegistry* const connections_;
  pprof::Mutex mutex_;                   // counters_.threads changes under it
  std::condition_variable_any changed_;  // a worker became idle, or has ended
  std::vector<Worker*> idle_;            // the last became idle last
  std::vector<pthread_t> ended_;         // not joined yet
  std::size_t ending_ = 0;               // workers that are `ending`
  bool stopping_ = false;
};

}  // namespace service
