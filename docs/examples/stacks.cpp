// Calls checksum() of a library for a few seconds and keeps a CPU profile of that. Used by
// chapter 22. Usage: example-stacks LIBRARY PROFILE
#include <dlfcn.h>
#include <httplib.h>
#include <pprof/httplib.h>
#include <pprof/thread.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <thread>

namespace {

using Checksum = std::uint64_t(int rounds);

[[gnu::noinline]] std::uint64_t handle_request(Checksum* checksum) { return checksum(10'000) + 1; }

[[gnu::noinline]] void serve(Checksum* checksum, const std::atomic<bool>& stop) {
  static std::atomic<std::uint64_t> sum;  // were it unused, handle_request would end in a jump
  while (!stop) sum += handle_request(checksum);
}

}  // namespace

int main(int argc, char** argv) {
  void* const library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : nullptr;
  void* const symbol = library != nullptr ? dlsym(library, "checksum") : nullptr;
  if (symbol == nullptr) {
    std::cerr << "usage: example-stacks LIBRARY PROFILE, LIBRARY as chapter 22 builds it\n";
    return 1;
  }
  httplib::Server debug;
  pprof::mount(debug);
  const int port = debug.bind_to_any_port("127.0.0.1");
  std::thread listener([&debug] { debug.listen_after_bind(); });

  std::atomic<bool> stop = false;
  std::thread worker([&] {
    const pprof::ThreadScope name("worker");
    serve(reinterpret_cast<Checksum*>(symbol), stop);
  });
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(60);
  const auto answer = client.Get("/debug/pprof/profile?seconds=2");
  stop = true;
  worker.join();
  debug.stop();
  listener.join();
  if (!answer || answer->status != 200) {
    std::cerr << "no profile: " << (answer ? answer->body : httplib::to_string(answer.error()))
              << '\n';
    return 1;
  }
  std::ofstream(argv[2], std::ios::binary) << answer->body;
}
