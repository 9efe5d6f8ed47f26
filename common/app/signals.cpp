#include "app/signals.h"

#include <pthread.h>

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
      sigdelset(&signals_, SIGHUP);  // a log rotation must not end what still runs
      pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
      return kStop;
    default:  // time is up, or a profiling signal interrupted the wait
      return kTimeout;
  }
}

}  // namespace service
