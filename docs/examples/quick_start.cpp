// The library in its smallest use, shown by the README: a service with profiles on a port of its
// own.
#include <httplib.h>
#include <pprof/httplib.h>

#include <iostream>
#include <thread>

int main() {
  httplib::Server service;
  service.Get("/",
              [](const auto&, auto& response) { response.set_content("hello\n", "text/plain"); });

  httplib::Server debug;
  pprof::mount(debug);  // /debug/pprof/…
  if (!service.bind_to_port("127.0.0.1", 8080) || !debug.bind_to_port("127.0.0.1", 6060)) {
    std::cerr << "port 8080 or 6060 of 127.0.0.1 is in use: end what `ss -ltnp` shows there\n";
    return 1;
  }
  std::thread profiles([&debug] { debug.listen_after_bind(); });

  std::cout << "http://127.0.0.1:6060/debug/pprof/" << std::endl;
  service.listen_after_bind();
  debug.stop();
  profiles.join();
}
