// The query of a profile request: accepted values are within their bounds, others are a 400.
#include <httplib.h>

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "fuzz_target.h"
#include "http/query.h"

// The first line is ?seconds=, the rest ?debug=; an empty one is left out.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using service::fuzz::require;
  constexpr std::chrono::seconds kMaxDuration{300};
  const std::string_view text = service::fuzz::as_text(data, size);
  const std::size_t end = text.find('\n');
  httplib::Request request;
  if (end != 0) request.params.emplace("seconds", text.substr(0, end));
  if (end != std::string_view::npos) request.params.emplace("debug", text.substr(end + 1));
  const auto parsed = pprof::internal::parse_query(request, kMaxDuration, std::nullopt);
  if (const auto* error = std::get_if<pprof::internal::HttpError>(&parsed)) {
    require(error->status == 400, "a bad query is a 400");
    return 0;
  }
  const auto& query = std::get<pprof::internal::Query>(parsed);
  require(query.debug >= 0 && query.debug <= 2, "debug is 0 to 2");
  require(!query.duration || query.duration->count() > 0, "the duration is above 0");
  require(!query.duration || *query.duration <= kMaxDuration, "the duration is bounded");
  return 0;
}
