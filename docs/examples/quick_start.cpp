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
  std::thread profiles([&debug] { debug.listen("127.0.0.1", 6060); });

  std::cout << "http://127.0.0.1:6060/debug/pprof/" << std::endl;
  service.listen("127.0.0.1", 8080);
  debug.stop();
  profiles.join();
}
