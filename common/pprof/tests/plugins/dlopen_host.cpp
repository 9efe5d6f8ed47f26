// A program that knows nothing of the library. Usage: dlopen_host OBJECT
// Loads the object, calls its capture_everything() if it has one, closes it and lives on for a
// while. Exits with 0 if all went well, 3 with the loader's reason if it is not loaded.
#include <dlfcn.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  void* const object = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : nullptr;
  if (object == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());  // NOLINT(concurrency-mt-unsafe)
    return 3;
  }
  const auto capture = reinterpret_cast<bool (*)()>(dlsym(object, "capture_everything"));
  const bool works = capture == nullptr || capture();
  dlclose(object);
  std::raise(SIGURG);  // its handler, if it left one
  for (int i = 0; i < 20; ++i) {
    std::thread([] { delete new std::string(1 << 20U, 'x'); }).join();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return works ? 0 : 1;
}
