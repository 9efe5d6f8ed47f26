// See listener.h.
#include "app/listener.h"

#include <pprof/thread.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace service {

Listener::Listener(std::unique_ptr<Server> server, const HostPort& address, const char* options,
                   const char* thread_name, StopSignals& signals)
    : server_(std::move(server)), host_(address.host), options_(options) {
  const auto bound = bind_server(*server_, address.host, address.port);
  if (!bound) throw std::runtime_error(options_ + ": " + bound.error());
  port_ = *bound;
  std::promise<void> ended;
  ended_ = ended.get_future();
  thread_ = std::thread([this, thread_name, &signals, ended = std::move(ended)]() mutable {
    pprof::ThreadScope scope(thread_name);
    accept(signals);
    ended.set_value();
  });
  // stop() has no effect before is_running().
  while (!server_->is_running() && !ended_by({})) std::this_thread::yield();
}

Listener::~Listener() {
  stop();
  thread_.join();
}

std::string Listener::url() const {
  const bool ipv6 = host_.find(':') != std::string::npos;
  return "http://" + (ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

void Listener::accept(StopSignals& signals) {
  if (server_->listen_after_bind()) return;
  failure_ = options_ + ": " + url() +
             " accepts no more connections: " + std::generic_category().message(errno) +
             "; look at the machine's open files (/proc/sys/fs/file-nr) and free memory, then "
             "start it again";
  signals.request_stop();
}

}  // namespace service
