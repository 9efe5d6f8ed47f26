// See profile_request.h.
#include "http/profile_request.h"

#include <optional>
#include <utility>

#include "http/query.h"
#include "http/reply.h"

namespace pprof::internal {
namespace {

const char* content_type(const Endpoint& endpoint, const Take& query) {
  if (endpoint.json) return kJson;
  return query.debug != 0 ? kPlainText : kBinary;
}

// A file to save, as Go announces it.
Response file_reply(const Endpoint& endpoint, const Take& query) {
  Response response = reply(content_type(endpoint, query));
  if (query.debug != 0) return response;
  const char* const end = endpoint.json                         ? ".json"
                          : endpoint.snapshot && query.duration ? "-delta"
                                                                : "";
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + endpoint.name + end + "\"");
  return response;
}

}  // namespace

Response answer_profile(const Endpoint& endpoint, std::chrono::seconds max_duration,
                        std::string_view text, const Request& request) {
  const auto by_default =
      endpoint.snapshot ? std::nullopt : std::optional(endpoint.default_duration);
  const auto parsed = parse_query(text, max_duration, by_default);
  if (!parsed) return error_reply(parsed.error());
  const Take& query = *parsed;
  if (const std::string reason = endpoint.unavailable ? endpoint.unavailable() : "";
      !reason.empty()) {
    return error_reply({501, reason});
  }
  if (query.duration && query.debug == 2 && endpoint.text) {
    return error_reply({400,
                        "seconds and debug=2 exclude each other: a list of threads has no "
                        "difference; give debug=1"});
  }
  Response response = file_reply(endpoint, query);
  if (!query.duration) {
    response.body = take(endpoint, query, [] { return true; });
    return response;
  }
  return with_capture(std::move(response), request, [&endpoint, query](const Wanted& wanted) {
    return take(endpoint, query, wanted);
  });
}

}  // namespace pprof::internal
