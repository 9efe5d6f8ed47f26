// Two stages side by side: answer, packets and log lines must be the same for any request, and each
// packet a valid StatsD line.
#include <cstring>
#include <string>

#include "fuzz_target.h"

namespace service_old {
std::string stage_outputs(std::string_view str, std::string_view len, std::string_view chr,
                          double value);
}
namespace service_new {
std::string stage_outputs(std::string_view str, std::string_view len, std::string_view chr,
                          double value);
}

// Eight bytes of a double, then len, chr and str, separated by LF.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  double value = 0;
  if (size < sizeof(value)) return 0;
  std::memcpy(&value, data, sizeof(value));
  std::string_view text = service::fuzz::as_text(data + sizeof(value), size - sizeof(value));
  const auto take = [&text] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + (line.size() < text.size() ? 1 : 0));
    return line;
  };
  const std::string_view len = take();
  const std::string_view chr = take();
  const std::string a = service_old::stage_outputs(text, len, chr, value);
  const std::string b = service_new::stage_outputs(text, len, chr, value);
  if (a != b) std::fprintf(stderr, "old:\n%s\nnew:\n%s\n", a.c_str(), b.c_str());
  service::fuzz::require(a == b, "both stages do the same");
  return 0;
}
