// Token check; see access.h.
#include "http/access.h"

#include <string_view>

namespace pprof::internal {
namespace {

// Takes the same time wherever the first difference is, so that a token cannot be guessed
// character by character.
bool is_same(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

}  // namespace

std::optional<HttpError> check_access(const httplib::Request& request, const std::string& token) {
  if (token.empty()) return std::nullopt;
  if (is_same(request.get_header_value("Authorization"), "Bearer " + token)) return std::nullopt;
  if (is_same(request.get_param_value("token"), token)) return std::nullopt;
  return HttpError{401,
                   "a token is needed: send \"Authorization: Bearer TOKEN\" or add ?token=TOKEN"};
}

}  // namespace pprof::internal
