#include "stage.h"
#include "utf8.h"

namespace service {

std::string leftpad(std::string_view str, std::size_t len, std::string_view pad) {
  std::string padded;
  for (std::size_t n = code_points(str); n < len; ++n) padded.append(pad);
  padded.append(str);
  return padded;
}

}  // namespace service
