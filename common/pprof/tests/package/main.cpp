// Uses every public header of the installed library, on one server for service and profiles.
// Run by package_test.cmake: fetches two profiles from itself and exits 0 if they came.
#include <httplib.h>
#include <pprof/label.h>
#include <pprof/mutex.h>
#include <pprof/pprof.h>
#include <pprof/thread.h>
#include <pprof/trace.h>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace {

// [own router]
void add_profiles(httplib::Server& server) {
  pprof::MountOptions options;
  options.prefix = "/internal/pprof";
  const char* token = std::getenv("PPROF_TOKEN");
  if (token == nullptr) throw std::runtime_error("PPROF_TOKEN is not set");
  options.token = token;
  options.max_duration = std::chrono::minutes(1);
  options.version = "my-service 1.0";
  pprof::mount(server, options);
}
// [own router]

// [instrument]
pprof::Mutex mutex;  // waits for it appear in block, mutex and trace

void handle_order(const httplib::Request&, httplib::Response& response) {
  const pprof::LabelScope route("route", "/order");  // on samples of this thread
  const pprof::TraceSpan span("handle_order");       // a bar in the trace
  const std::lock_guard lock(mutex);
  response.set_content("ordered\n", "text/plain");
}

void worker() {
  const pprof::ThreadScope name("worker");  // first thing in a thread
  // ...
}
// [instrument]

bool fetch(int port, const std::string& path) {
  httplib::Client client("127.0.0.1", port);
  const httplib::Result result =
      client.Get(path, {{"Authorization", std::string("Bearer ") + std::getenv("PPROF_TOKEN")}});
  std::cout << path << ' ' << (result ? result->status : 0) << '\n';
  return result && result->status == 200 && !result->body.empty();
}

}  // namespace

int main() try {
  httplib::Server server;
  server.Get("/order", handle_order);
  add_profiles(server);
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread listener([&server] { server.listen_after_bind(); });
  std::thread(worker).join();
  const bool works = fetch(port, "/order") && fetch(port, "/internal/pprof/heap") &&
                     fetch(port, "/internal/pprof/profile?seconds=0.2");
  server.stop();
  listener.join();
  return works ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
