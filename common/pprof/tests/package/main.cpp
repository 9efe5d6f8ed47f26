// Uses every public header of the installed library, on one server for service and profiles.
// Usage: my_service FOLDER: fetches profiles from itself into the folder and exits 0 if they came.
#include <pprof/httplib.h>
#include <pprof/label.h>
#include <pprof/mutex.h>
#include <pprof/thread.h>
#include <pprof/trace.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
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

// [handler]
const pprof::Handler profiles;  // one for all threads

// `is_there`: whether the client is. Nothing if it left.
std::optional<pprof::Response> answer(const pprof::Request& request,
                                      const std::function<bool()>& is_there) {
  pprof::Response response = profiles(request);
  while (!response.wait(std::chrono::milliseconds(50))) {
    if (!is_there()) return std::nullopt;
  }
  return response;
}
// [handler]

bool has_threads() {
  const auto response =
      answer({.target = "/debug/pprof/threads?seconds=0.1", .headers = {{"Host", "localhost"}}},
             [] { return true; });
  return response && response->status == 200 && !response->body.empty();
}

bool fetch(int port, const std::string& path, const std::string& file) {
  httplib::Client client("127.0.0.1", port);
  const httplib::Headers token{
      {"Authorization", std::string("Bearer ") + std::getenv("PPROF_TOKEN")}};
  const httplib::Result result = client.Get(path, token);
  std::cout << path << ' ' << (result ? result->status : 0) << '\n';
  if (result) std::ofstream(file, std::ios::binary) << result->body;
  return result && result->status == 200 && !result->body.empty();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".";
  httplib::Server server;
  server.Get("/order", handle_order);
  add_profiles(server);
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread listener([&server] { server.listen_after_bind(); });
  std::thread(worker).join();
  const bool works = has_threads() && fetch(port, "/order", "/dev/null") &&
                     fetch(port, "/internal/pprof/heap", folder + "/heap.pb.gz") &&
                     fetch(port, "/internal/pprof/threads", folder + "/threads.pb.gz");
  server.stop();
  listener.join();
  return works ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
