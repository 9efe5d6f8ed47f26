// See signals.h.
#include "app/signals.h"

#include <pprof/thread.h>
#include <pthread.h>
#include <unistd.h>

#include <utility>

namespace service {

StopSignals::StopSignals(std::chrono::milliseconds longest_stop) : longest_stop_(longest_stop) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] {
    pprof::ThreadScope scope("signals");
    run();
  });
}

StopSignals::~StopSignals() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
    wake();
  }
  thread_.join();
}

void StopSignals::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !leaving_) {
    lock.unlock();
    int signal = 0;
    sigwait(&signals_, &signal);
    lock.lock();
    (signal == SIGHUP ? reopen_ : stop_) = true;
    changed_.notify_all();
  }
  sigdelset(&signals_, SIGHUP);  // a log rotation must not end what still runs
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  if (!changed_.wait_for(lock, longest_stop_, [this] { return leaving_; })) _exit(1);
}

StopSignals::Event StopSignals::wait_for(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return stop_ || reopen_; });
  if (stop_) return kStop;
  return std::exchange(reopen_, false) ? kReopen : kTimeout;
}

void StopSignals::request_stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  wake();
}

// Of either wait of the thread. SIGHUP, since a second SIGTERM would end the process.
void StopSignals::wake() {
  changed_.notify_all();
  pthread_kill(thread_.native_handle(), SIGHUP);
}

}  // namespace service
