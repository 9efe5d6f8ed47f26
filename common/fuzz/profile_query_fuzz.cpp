// The query of a profile request: accepted values are within their bounds, others are a 400.
#include <chrono>
#include <optional>

#include "fuzz_target.h"
#include "http/query.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using service::fuzz::require;
  constexpr std::chrono::seconds kMaxDuration{300};
  const std::string_view text = service::fuzz::as_text(data, size);
  const auto parsed = pprof::internal::parse_query(text, kMaxDuration, std::nullopt);
  if (!parsed) {
    require(parsed.error().status == 400, "a bad query is a 400");
    return 0;
  }
  const auto& query = *parsed;
  require(query.debug >= 0 && query.debug <= 2, "debug is 0 to 2");
  require(!query.duration || query.duration->count() > 0, "the duration is above 0");
  require(!query.duration || *query.duration <= kMaxDuration, "the duration is bounded");
  return 0;
}
