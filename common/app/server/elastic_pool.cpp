// Elastic thread pool; see elastic_pool.h.
#include "app/server/elastic_pool.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "pprof/thread.h"

namespace service {
namespace {

// Longer than a thread that ends a connection is kept from running on a busy machine.
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kTick{5};

thread_local bool t_refusing = false;

}  // namespace

thread_local ElasticPool::Worker* ElasticPool::t_worker = nullptr;

bool ElasticPool::refusing() { return t_refusing; }

void ElasticPool::set_ending() {
  if (t_worker == nullptr || t_worker->ending) return;
  const std::lock_guard lock(t_worker->pool->mutex_);
  t_worker->ending = true;
  ++t_worker->pool->ending_;
}

ElasticPool::ElasticPool(PoolOptions options, ServerCounters& counters)
    : options_(std::move(options)), counters_(counters) {}

ElasticPool::~ElasticPool() { shutdown(); }

Enqueued ElasticPool::enqueue(Task task) {
  std::list<Worker> finished;
  bool accepted = false;
  {
    std::unique_lock lock(mutex_);
    accepted = dispatch(task, lock);
    finished.swap(finished_);
  }
  join_finished(finished);
  if (accepted) {
    ServerCounters::add(counters_.connections_accepted);
  } else {
    refuse(task);
  }
  return Enqueued(true);
}

// Gives the task to a thread, or to the queue; false if it must be refused. Needs the mutex.
bool ElasticPool::dispatch(Task& task, std::unique_lock<pprof::Mutex>& lock) {
  const bool is_full = workers_.size() >= options_.max_threads;
  if (!idle_.empty() || (is_full && options_.refuse_when_full && wait_for_idle(lock))) {
    Worker& worker = *idle_.back();
    idle_.pop_back();
    worker.task = std::move(task);
    worker.ready.notify_one();
    return true;
  }
  if (workers_.size() < options_.max_threads && start_worker(task)) return true;
  // With no thread at all a queued task would wait forever.
  if (options_.refuse_when_full || workers_.empty()) return false;
  waiting_.push_back(std::move(task));
  return true;
}

// False if no thread is about to end its connection.
bool ElasticPool::wait_for_idle(std::unique_lock<pprof::Mutex>& lock) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (idle_.empty() && workers_.size() >= options_.max_threads) {
    const bool soon = ending_ > 0 || (options_.any_left && options_.any_left());
    if (!soon || std::chrono::steady_clock::now() >= deadline) return false;
    changed_.wait_for(lock, kTick);
  }
  return !idle_.empty();
}

// False, with `task` untouched, if the system has no thread left.
bool ElasticPool::start_worker(Task& task) {
  Worker& worker = workers_.emplace_back();
  worker.pool = this;
  worker.task = std::move(task);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, options_.stack_bytes);
  const int error = pthread_create(&worker.thread, &attributes, &ElasticPool::thread_main, &worker);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    task = std::move(worker.task);
    workers_.pop_back();
    return false;
  }
  ServerCounters::add(counters_.threads_started);
  ServerCounters::add_with_peak(counters_.threads, counters_.threads_peak);
  return true;
}

void ElasticPool::refuse(Task& task) {
  ServerCounters::add(counters_.connections_refused);
  t_refusing = true;
  task();
  t_refusing = false;
}

void* ElasticPool::thread_main(void* argument) {
  Worker& worker = *static_cast<Worker*>(argument);
  const pprof::ThreadScope scope("http-worker");
  t_worker = &worker;
  worker.pool->run(worker);
  return nullptr;
}

void ElasticPool::run(Worker& worker) {
  do {
    run_task(worker);
    std::unique_lock lock(mutex_);
    if (wait_for_task(worker, lock)) continue;
    finish(worker);
    return;
  } while (true);
}

void ElasticPool::run_task(Worker& worker) {
  ServerCounters::add(counters_.connections_active);
  worker.task();
  worker.task = nullptr;
  ServerCounters::subtract(counters_.connections_active);
}

// False if the thread has to end: at shutdown, or after idling for too long.
bool ElasticPool::wait_for_task(Worker& worker, std::unique_lock<pprof::Mutex>& lock) {
  if (std::exchange(worker.ending, false)) --ending_;
  if (!waiting_.empty()) {
    worker.task = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }
  if (stopping_) return false;
  idle_.push_back(&worker);
  changed_.notify_one();
  worker.ready.wait_for(lock, options_.idle_timeout, [&] { return worker.task || stopping_; });
  if (worker.task) return true;
  std::erase(idle_, &worker);
  return false;
}

// Needs the mutex. The worker is joined by the next enqueue or by shutdown.
void ElasticPool::finish(Worker& worker) {
  ServerCounters::subtract(counters_.threads);
  const auto self = std::find_if(workers_.begin(), workers_.end(),
                                 [&](const Worker& other) { return &other == &worker; });
  finished_.splice(finished_.end(), workers_, self);
  changed_.notify_one();
}

void ElasticPool::join_finished(const std::list<Worker>& finished) {
  for (const Worker& worker : finished) pthread_join(worker.thread, nullptr);
}

void ElasticPool::shutdown() {
  const int reason = errno;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (Worker* worker : idle_) worker->ready.notify_one();
  lock.unlock();
  if (options_.on_stop) options_.on_stop();
  lock.lock();
  changed_.wait(lock, [this] { return workers_.empty(); });
  std::list<Worker> finished;
  finished.swap(finished_);
  lock.unlock();
  join_finished(finished);
  errno = reason;
}

}  // namespace service
