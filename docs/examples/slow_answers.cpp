// A server that needs 44 ms for each answer and no processor time: cpp-httplib as it comes, with
// Nagle's algorithm on. Chapter 17 looks for the time. With the argument `fixed` it is off.
#include <httplib.h>
#include <pprof/httplib.h>
#include <pprof/thread.h>

#include <iostream>
#include <string_view>
#include <thread>

int main(int argc, char** argv) {
  const pprof::ThreadScope name("main");
  // [server]
  httplib::Server server;
  server.set_tcp_nodelay(argc > 1 && std::string_view(argv[1]) == "fixed");
  server.set_keep_alive_max_count(1'000'000);
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    static thread_local const pprof::ThreadScope worker("worker");
    response.set_content("hello\n", "text/plain");
  });
  // [server]
  httplib::Server debug;
  pprof::mount(debug);
  if (!server.bind_to_port("127.0.0.1", 8080) || !debug.bind_to_port("127.0.0.1", 6060)) {
    std::cerr << "port 8080 or 6060 of 127.0.0.1 is in use: end what `ss -ltnp` shows there\n";
    return 1;
  }
  std::thread debug_thread([&debug] { debug.listen_after_bind(); });
  std::cerr << "listening on http://127.0.0.1:8080/\n";
  server.listen_after_bind();
  debug.stop();
  debug_thread.join();
}
