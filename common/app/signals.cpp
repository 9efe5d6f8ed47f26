#include "app/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <ctime>

namespace service {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

StopSignals::Event StopSignals::wait_for(std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec limit{seconds.count(), std::chrono::nanoseconds(timeout - seconds).count()};
  switch (sigtimedwait(&signals_, nullptr, &limit)) {
    case SIGHUP:
      return kReopen;
    case SIGTERM:
    case SIGINT:
      stop_requested_ = true;
      sigdelset(&signals_, SIGHUP);  // a log rotation must not end what still runs
      pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
      return kStop;
    default:  // time is up, or a profiling signal interrupted the wait
      return kTimeout;
  }
}

// A second SIGTERM would end the process at once: see wait_for.
void StopSignals::request_stop() {
  if (!stop_requested_.exchange(true)) ::kill(::getpid(), SIGTERM);
}

}  // namespace service
