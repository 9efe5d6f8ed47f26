// Parsing of ?seconds= and ?debug=; see query.h.
#include "http/query.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "http/url.h"

namespace pprof::internal {
namespace {

std::optional<std::chrono::nanoseconds> parse_seconds(const std::string& value, double max) {
  double seconds = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, seconds);
  if (error != std::errc{} || rest != end || !std::isfinite(seconds)) return std::nullopt;
  if (seconds <= 0 || seconds > max) return std::nullopt;
  // Rounded up, so that it is never 0.
  return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace

tl::expected<Take, HttpError> parse_query(std::string_view text, std::chrono::seconds max_duration,
                                          std::optional<std::chrono::seconds> by_default) {
  Take query;
  const std::string value = parameter(text, "seconds").value_or("");
  if (by_default) query.duration = std::min(*by_default, max_duration);
  if (!value.empty() && !(by_default && value == "0")) {
    query.duration = parse_seconds(value, static_cast<double>(max_duration.count()));
    if (!query.duration) {
      return tl::unexpected(
          HttpError{400, "seconds=" + quoted(value) + " is not usable: give a number above 0 " +
                             "and at most " + std::to_string(max_duration.count())});
    }
  }
  if (const auto debug = parameter(text, "debug")) {
    if (debug != "0" && debug != "1" && debug != "2") {
      return tl::unexpected(HttpError{
          400,
          "debug=" + quoted(*debug) + " is not usable: give 0 (profile.proto), 1 or 2 (text)"});
    }
    query.debug = debug->front() - '0';
  }
  if (const auto symbolize = parameter(text, "symbolize")) {
    if (symbolize != "none") {
      return tl::unexpected(
          HttpError{400, "symbolize=" + quoted(*symbolize) +
                             " is not usable: give none, or leave it out to have names"});
    }
    query.with_names = false;
  }
  return query;
}

}  // namespace pprof::internal
