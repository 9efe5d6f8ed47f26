// A small service with profiling: counts words, and keeps totals over all requests.
//   GET /count?text=to+be+or+not+to+be    GET /top
// Usage: pprof_example [PORT [DEBUG_PORT]]   (defaults 8090 and 6060, loopback only)
#include <pprof/httplib.h>
#include <pprof/label.h>
#include <pprof/mutex.h>
#include <pprof/thread.h>
#include <pprof/trace.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Counts = std::map<std::string, int>;

// Kept out of line, so that it is one piece of machine code for pprof's disasm.
[[gnu::noinline]] Counts count_words(const std::string& text) {
  const pprof::TraceSpan span("count_words");
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  return counts;
}

std::string format(const Counts& counts) {
  std::ostringstream out;
  for (const auto& [word, count] : counts) out << count << ' ' << word << '\n';
  return out.str();
}

// What all requests have counted, and the latest texts. Thread-safe.
class Totals {
 public:
  void add(const std::string& text, const Counts& counts) {
    const std::lock_guard lock(mutex_);
    for (const auto& [word, count] : counts) totals_[word] += count;
    remember(text);
  }
  Counts top(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, int>> words(totals_.begin(), totals_.end());
    std::ranges::sort(words, std::ranges::greater{}, &std::pair<std::string, int>::second);
    words.resize(std::min(words.size(), limit));
    return {words.begin(), words.end()};
  }

 private:
  void remember(const std::string& text) {
    constexpr std::size_t kKept = 2000;
    latest_.push_back(text);
    if (latest_.size() > kKept) latest_.pop_front();
  }

  pprof::Mutex mutex_;
  Counts totals_;
  std::deque<std::string> latest_;
};

void add_routes(httplib::Server& server, Totals& totals) {
  // httplib starts its threads itself, so each is named at its first request. A service with a
  // task queue of its own makes the ThreadScope first thing in each thread.
  server.set_pre_routing_handler([](const httplib::Request&, httplib::Response&) {
    static thread_local const pprof::ThreadScope name("worker");
    return httplib::Server::HandlerResponse::Unhandled;
  });
  server.Get("/count", [&totals](const httplib::Request& request, httplib::Response& response) {
    const pprof::LabelScope route("route", "/count");
    const std::string text = request.get_param_value("text");
    const Counts counts = count_words(text);
    totals.add(text, counts);
    response.set_content(format(counts), "text/plain; charset=utf-8");
  });
  server.Get("/top", [&totals](const httplib::Request&, httplib::Response& response) {
    const pprof::LabelScope route("route", "/top");
    constexpr std::size_t kShown = 10;
    response.set_content(format(totals.top(kShown)), "text/plain; charset=utf-8");
  });
}

int port_argument(int argc, char** argv, int index, int fallback) {
  return argc > index ? std::atoi(argv[index]) : fallback;
}

int port_is_in_use(int port) {
  std::cerr << "port " << port << " is in use: choose another one\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const pprof::ThreadScope name("main");
  const int port = port_argument(argc, argv, 1, 8090);
  const int debug_port = port_argument(argc, argv, 2, 6060);

  // [quick start]
  httplib::Server debug;
  pprof::mount(debug);
  const auto own_the_port = [](socket_t socket) {  // httplib's own options share it with others
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  };
  debug.set_socket_options(own_the_port);
  if (!debug.bind_to_port("127.0.0.1", debug_port)) return port_is_in_use(debug_port);
  std::thread debug_thread([&debug] { debug.listen_after_bind(); });
  while (!debug.is_running()) std::this_thread::yield();  // until then, stop() does nothing
  // [quick start]

  Totals totals;
  httplib::Server server;
  server.set_tcp_nodelay(true);
  server.set_socket_options(own_the_port);
  add_routes(server, totals);
  std::cerr << "http://127.0.0.1:" << port << "/count?text=to+be+or+not+to+be\n"
            << "http://127.0.0.1:" << debug_port << "/debug/pprof/\n";
  const bool served = server.listen("127.0.0.1", port);
  debug.stop();
  debug_thread.join();
  return served ? 0 : port_is_in_use(port);
}
