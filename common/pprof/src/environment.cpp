// See environment.h. Allocates nothing: the heap sampler asks before main.
#include "environment.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pprof::internal {

std::int64_t number_from_environment(const char* name, std::int64_t by_default, std::int64_t most) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr) return by_default;
  const std::string_view given(text);
  const char* const end = given.data() + given.size();
  std::int64_t number = 0;
  const auto [stop, status] = std::from_chars(given.data(), end, number);
  if (status == std::errc() && stop == end && number >= 0 && number <= most) return number;
  std::fprintf(stderr,
               "pprof: %s=\"%s\" is not a whole number up to %" PRId64 "; it stays at %" PRId64
               " (0: no samples)\n",
               name, text, most, by_default);
  return by_default;
}

}  // namespace pprof::internal
