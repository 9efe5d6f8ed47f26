// Elastic thread pool; see elastic_pool.h.
#include "app/server/elastic_pool.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "pprof/thread.h"

namespace service {
namespace {

// Longer than a thread that ends a connection is kept from running on a busy machine.
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kTick{5};

}  // namespace

thread_local ElasticPool::Worker* ElasticPool::t_worker = nullptr;

void ElasticPool::set_ending() {
  if (t_worker == nullptr || t_worker->ending) return;
  const std::lock_guard lock(t_worker->pool.mutex_);
  t_worker->ending = true;
  ++t_worker->pool.ending_;
}

ElasticPool::ElasticPool(ServerOptions options, ServerCounters& counters,
                         ConnectionRegistry* connections)
    : options_(std::move(options)), counters_(counters), connections_(connections) {}

Enqueued ElasticPool::enqueue(Task task) {
  if (dispatch(task)) {
    ++counters_.connections_accepted;
  } else {
    ++counters_.connections_refused;
    task();
  }
  return Enqueued(true);
}

void ElasticPool::join_ended() {
  for (const pthread_t thread : ended_) pthread_join(thread, nullptr);
  ended_.clear();
}

// Gives the task to a thread; false if it must be refused.
bool ElasticPool::dispatch(Task& task) {
  std::unique_lock lock(mutex_);
  join_ended();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (idle_.empty()) {
    if (counters_.threads < options_.max_threads && start_worker(task)) return true;
    if (counters_.threads == 0) return false;  // with no thread at all it would wait forever
    if (connections_ != nullptr) {
      const bool soon = ending_ > 0 || connections_->any_left();
      if (!soon || std::chrono::steady_clock::now() >= deadline) return false;
    }
    changed_.wait_for(lock, kTick);
  }
  Worker& worker = *idle_.back();
  idle_.pop_back();
  worker.task = std::move(task);
  worker.ready.notify_one();
  return true;
}

// False, with `task` untouched, if the system has no thread left.
bool ElasticPool::start_worker(Task& task) {
  auto worker = std::make_unique<Worker>(*this);
  worker->task = std::move(task);
  pthread_t thread{};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, options_.thread_stack_bytes);
  const int error = pthread_create(&thread, &attributes, &thread_main, worker.get());
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    task = std::move(worker->task);
    return false;
  }
  worker.release();  // it is the thread's now
  ++counters_.threads_started;
  counters_.threads_peak = std::max<std::uint64_t>(counters_.threads_peak, ++counters_.threads);
  return true;
}

void* ElasticPool::thread_main(void* argument) {
  const std::unique_ptr<Worker> worker(static_cast<Worker*>(argument));
  const pprof::ThreadScope scope("http-worker");
  t_worker = worker.get();
  worker->pool.run(*worker);
  return nullptr;
}

void ElasticPool::run(Worker& worker) {
  std::unique_lock lock(mutex_, std::defer_lock);
  do {
    ++counters_.connections_active;
    worker.task();
    worker.task = nullptr;
    --counters_.connections_active;
  } while (wait_for_task(worker, lock));
  --counters_.threads;
  changed_.notify_one();
  ended_.push_back(pthread_self());
}

// Unlocks if there is one. False, with the mutex locked, if the thread has to end: at shutdown, or
// after idling for too long.
bool ElasticPool::wait_for_task(Worker& worker, std::unique_lock<pprof::Mutex>& lock) {
  lock.lock();
  if (std::exchange(worker.ending, false)) --ending_;
  if (stopping_) return false;
  idle_.push_back(&worker);
  changed_.notify_one();
  worker.ready.wait_for(lock, options_.thread_idle_timeout,
                        [&] { return worker.task || stopping_; });
  if (worker.task) {
    lock.unlock();
    return true;
  }
  std::erase(idle_, &worker);
  return false;
}

void ElasticPool::shutdown() {
  const int reason = errno;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (Worker* worker : idle_) worker->ready.notify_one();
  if (connections_ != nullptr) connections_->stop();
  changed_.wait(lock, [this] { return counters_.threads == 0; });
  join_ended();
  errno = reason;
}

}  // namespace service
