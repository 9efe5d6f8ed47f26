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

void set_file_headers(const Endpoint& endpoint, const Query& query, bool is_delta,
                      httplib::Response& response) {
  set_common_headers(response);
  if (query.debug != 0) return;
  set_attachment(response, endpoint.name + (is_delta ? "-delta" : endpoint.json ? ".json" : ""));
}

const char* content_type(const Endpoint& endpoint, const Query& query) {
  if (endpoint.json) return kJson;
  return query.debug != 0 ? kPlainText : kBinary;
}

void answer_timed(const Endpoint& endpoint, const Query& query, const httplib::Request& request,
                  httplib::Response& response) {
  const nanoseconds duration = *query.duration;
  std::shared_ptr<CaptureSlot::Lease> lease = endpoint.slot->try_take(duration);
  if (lease == nullptr) {
    const auto wait = std::max(endpoint.slot->wait_time(), std::chrono::seconds(1));
    return reply_error(response,
                       {503,
                        "another " + endpoint.name + " capture is running: try again in " +
                            std::to_string(wait.count()) + " s",
                        wait});
  }
  if (const std::string reason = endpoint.unavailable ? endpoint.unavailable() : "";
      !reason.empty()) {
    return reply_error(response, {501, reason});
  }
  set_file_headers(endpoint, query, false, response);
  stream_capture(request, response, content_type(endpoint, query),
                 timed_work(endpoint, duration, query.debug, std::move(lease)));
}

void answer_snapshot(const Endpoint& endpoint, const Query& query, const httplib::Request& request,
                     httplib::Response& response) {
  if (const std::string reason = endpoint.unavailable ? endpoint.unavailable() : "";
      !reason.empty()) {
    return reply_error(response, {501, reason});
  }
  if (query.duration && query.debug == 2 && endpoint.text) {
    return reply_error(response, {400,
                                  "seconds and debug=2 exclude each other: a list of threads "
                                  "has no difference; give debug=1"});
  }
  if (query.duration) {
    set_file_headers(endpoint, query, true, response);
    return stream_capture(request, response, content_type(endpoint, query),
                          delta_work(endpoint, *query.duration, query.debug));
  }
  const bool own_text = query.debug != 0 && endpoint.text;
  const std::string content =
      own_text ? endpoint.text(query.debug) : encode(endpoint, endpoint.snapshot(), query.debug);
  set_file_headers(endpoint, query, false, response);
  response.set_content(content, content_type(endpoint, query));
}

}  // namespace

void answer_profile(const Endpoint& endpoint, std::chrono::seconds max_duration,
                    const httplib::Request& request, httplib::Response& response) {
  const auto by_default =
      endpoint.snapshot ? std::nullopt : std::optional(endpoint.default_duration);
  const auto query = parse_query(request, max_duration, by_default);
  if (const auto* error = std::get_if<HttpError>(&query)) return reply_error(response, *error);
  if (endpoint.snapshot) {
    answer_snapshot(endpoint, std::get<Query>(query), request, response);
  } else {
    answer_timed(endpoint, std::get<Query>(query), request, response);
  }
}

}  // namespace pprof::internal
