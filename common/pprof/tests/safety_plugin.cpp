// A library that the safety test loads, calls and unloads over and over.
#include <stdexcept>

extern "C" int plugin_throws_and_catches(int depth) {
  if (depth > 0) return plugin_throws_and_catches(depth - 1) + 1;
  try {
    throw std::runtime_error("in the plugin");
  } catch (const std::exception&) {
    return 0;
  }
}
