// See profile_request.h.
#include "http/profile_request.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "encode/delta.h"
#include "encode/gzip.h"
#include "encode/proto.h"
#include "encode/text.h"
#include "http/query.h"
#include "http/reply.h"
#include "stacks/unwind.h"
#include "symbolize/symbolizer.h"

namespace pprof::internal {
namespace {

using std::chrono::nanoseconds, std::chrono::steady_clock;

std::string encode(const Endpoint& endpoint, Profile profile, int debug) {
  if (const std::string why = why_stacks_are_cut(); !why.empty()) profile.comments.push_back(why);
  Symbolizer& symbols = Symbolizer::instance();
  if (debug != 0) return format_text(endpoint.name, profile, symbols);
  return gzip(encode_proto(profile, symbols));
}

// Asked every 50 ms or more often during a capture: a good moment to see what was loaded.
Wanted watching_modules(const Wanted& wanted) {
  return [&wanted] {
    Symbolizer::instance().observe_modules();
    return wanted();
  };
}

CaptureTask::Work delta_work(const Endpoint& endpoint, nanoseconds duration, int debug) {
  return [&endpoint, duration, debug](const Wanted& wanted) {
    const Profile before = endpoint.snapshot();
    wait_while_wanted(steady_clock::now() + duration, watching_modules(wanted));
    if (!wanted()) return std::string();
    return encode(endpoint, subtract(endpoint.snapshot(), before), debug);
  };
}

CaptureTask::Work timed_work(const Endpoint& endpoint, nanoseconds duration, int debug,
                             std::shared_ptr<CaptureSlot::Lease> lease) {
  return [&endpoint, duration, debug,
          lease = std::move(lease)](const Wanted& wanted) mutable -> std::string {
    const Wanted watching = watching_modules(wanted);
    if (endpoint.json) {
      std::string json = endpoint.json(duration, watching);
      lease.reset();
      return json;
    }
    const Profile profile = endpoint.timed(duration, watching);
    lease.reset();  // before the answer goes out: its reader may ask for the next one at once
    return wanted() ? encode(endpoint, profile, debug) : std::string();
  };
}

const char* content_type(const Endpoint& endpoint, const Query& query) {
  if (endpoint.json) return kJson;
  return query.debug != 0 ? kPlainText : kBinary;
}

// Announces a file to save, as Go does.
Response file_reply(const Endpoint& endpoint, const Query& query, const std::string& name_end) {
  Response response = reply(content_type(endpoint, query));
  if (query.debug == 0) {
    response.headers.emplace_back("Content-Disposition",
                                  "attachment; filename=\"" + endpoint.name + name_end + "\"");
  }
  return response;
}

Response answer_timed(const Endpoint& endpoint, const Query& query, const Request& request) {
  const nanoseconds duration = *query.duration;
  std::shared_ptr<CaptureSlot::Lease> lease = endpoint.slot->try_take(duration);
  if (lease == nullptr) {
    const auto wait = std::max(endpoint.slot->wait_time(), std::chrono::seconds(1));
    return error_reply({503,
                        "another " + endpoint.name + " capture is running: try again in " +
                            std::to_string(wait.count()) + " s",
                        wait});
  }
  return with_capture(file_reply(endpoint, query, endpoint.json ? ".json" : ""), request,
                      timed_work(endpoint, duration, query.debug, std::move(lease)));
}

Response answer_snapshot(const Endpoint& endpoint, const Query& query, const Request& request) {
  if (query.duration && query.debug == 2 && endpoint.text) {
    return error_reply({400,
                        "seconds and debug=2 exclude each other: a list of threads has no "
                        "difference; give debug=1"});
  }
  if (query.duration) {
    return with_capture(file_reply(endpoint, query, "-delta"), request,
                        delta_work(endpoint, *query.duration, query.debug));
  }
  Response response = file_reply(endpoint, query, "");
  const bool own_text = query.debug != 0 && endpoint.text;
  response.body =
      own_text ? endpoint.text(query.debug) : encode(endpoint, endpoint.snapshot(), query.debug);
  return response;
}

}  // namespace

Response answer_profile(const Endpoint& endpoint, std::chrono::seconds max_duration,
                        std::string_view query, const Request& request) {
  const auto by_default =
      endpoint.snapshot ? std::nullopt : std::optional(endpoint.default_duration);
  const auto parsed = parse_query(query, max_duration, by_default);
  if (const auto* error = std::get_if<HttpError>(&parsed)) return error_reply(*error);
  if (const std::string reason = endpoint.unavailable ? endpoint.unavailable() : "";
      !reason.empty()) {
    return error_reply({501, reason});
  }
  const auto answer = endpoint.snapshot ? answer_snapshot : answer_timed;
  return answer(endpoint, std::get<Query>(parsed), request);
}

}  // namespace pprof::internal
