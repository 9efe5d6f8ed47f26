// Opens the plugin that it is given and calls it. Knows nothing of this library.
#include <dlfcn.h>

#include <cstdio>

int main(int /*argc*/, char** argv) {
  void* const plugin = dlopen(argv[1], RTLD_NOW);
  auto* const print = plugin != nullptr ? dlsym(plugin, "print_sampler") : nullptr;
  if (print == nullptr) return std::fprintf(stderr, "%s\n", dlerror());
  return reinterpret_cast<int (*)()>(print)();
}
