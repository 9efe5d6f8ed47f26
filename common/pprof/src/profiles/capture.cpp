// See capture.h, and pprof/capture.h for what programs call.
#include "profiles/capture.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <latch>
#include <system_error>
#include <utility>

#include "encode/delta.h"
#include "encode/gzip.h"
#include "encode/proto.h"
#include "encode/text.h"
#include "pprof/capture.h"
#include "profiles/capture_task.h"
#include "stacks/unwind.h"
#include "symbolize/symbolizer.h"

namespace pprof {
namespace internal {
namespace {

std::string encode(const Endpoint& endpoint, Profile profile, const Take& what) {
  if (const std::string why = why_stacks_are_cut(); !why.empty()) profile.comments.push_back(why);
  Symbolizer& symbols = Symbolizer::instance();
  if (what.debug != 0) return format_text(endpoint.name, profile, symbols);
  if (what.with_names) return gzip(encode_proto(profile, symbols));
  Addresses addresses(symbols);
  return gzip(encode_proto(profile, addresses));
}

Profile difference(const Endpoint& endpoint, std::chrono::nanoseconds duration,
                   const Wanted& wanted) {
  const Profile before = endpoint.snapshot();
  wait_while_wanted(std::chrono::steady_clock::now() + duration, wanted);
  return subtract(endpoint.snapshot(), before);
}

// Why `endpoint`, which may be null, cannot be taken; empty if it can.
std::string obstacle(const Endpoint* endpoint, std::string_view name) {
  if (endpoint == nullptr) return unknown_profile(name);
  return endpoint->unavailable ? endpoint->unavailable() : "";
}

}  // namespace

std::string take(const Endpoint& endpoint, const Take& what, const Wanted& wanted,
                 const Wanted& goes_on) {
  // Asked every 50 ms or more often: a good moment to see what was loaded.
  const Wanted watching = [&] {
    Symbolizer::instance().observe_modules();
    return goes_on() && wanted();
  };
  if (endpoint.json) return endpoint.json(*what.duration, watching);
  if (!what.duration && what.debug != 0 && endpoint.text) return endpoint.text(what.debug);
  Profile profile = endpoint.timed  ? endpoint.timed(*what.duration, watching)
                    : what.duration ? difference(endpoint, *what.duration, watching)
                                    : endpoint.snapshot();
  if (!wanted()) return {};
  if (endpoint.finish) profile = endpoint.finish(std::move(profile));
  return encode(endpoint, std::move(profile), what);
}

}  // namespace internal

using internal::Endpoint, internal::find_endpoint;

namespace {

constexpr std::chrono::nanoseconds kMost = std::chrono::hours(24 * 365);

bool always() { return true; }

}  // namespace

tl::expected<std::string, std::string> capture(std::string_view profile,
                                               const CaptureOptions& options) try {
  const Endpoint* const endpoint = find_endpoint(profile);
  if (std::string why = internal::obstacle(endpoint, profile); !why.empty()) {
    return tl::unexpected(std::move(why));
  }
  internal::Take what{.debug = options.as_text ? 1 : 0, .with_names = options.with_names};
  if (options.duration.count() != 0 || !endpoint->snapshot) what.duration = options.duration;
  if (what.duration && (what.duration->count() <= 0 || *what.duration > kMost)) {
    return tl::unexpected(endpoint->name + ": the duration must be above 0 and at most a year");
  }
  return take(*endpoint, what, always);
} catch (const std::exception& error) {
  return tl::unexpected(std::string(profile) + ": " + error.what());
}

tl::expected<void, std::string> capture_to(std::string_view profile,
                                           const std::function<void(std::string_view)>& take_bytes,
                                           const CaptureOptions& options) try {
  const auto data = capture(profile, options);
  if (!data) return tl::unexpected(data.error());
  take_bytes(*data);
  return {};
} catch (const std::exception& error) {
  return tl::unexpected(std::string(profile) + ": " + error.what());
}

tl::expected<void, std::string> capture_to_file(std::string_view profile, const std::string& path,
                                                const CaptureOptions& options) {
  const auto data = capture(profile, options);
  if (!data) return tl::unexpected(data.error());
  // A file of its own until it is complete: others may write to the same path.
  static std::atomic<unsigned> count{0};
  const std::string part =
      path + "." + std::to_string(getpid()) + "-" + std::to_string(++count) + ".part";
  std::ofstream file(part, std::ios::binary);
  file << *data;
  file.close();
  if (file && std::rename(part.c_str(), path.c_str()) == 0) return {};
  const std::string why = std::generic_category().message(errno);
  std::remove(part.c_str());
  return tl::unexpected(path + " cannot be written: " + why + ": choose another folder");
}

struct Capture::State {
  const Endpoint* endpoint;
  std::string why_not;  // empty if it runs
  std::atomic<bool> goes_on{true};
  std::latch begun{1};
  std::optional<internal::CaptureTask> task;
};

Capture::Capture(std::string_view profile) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.endpoint = find_endpoint(profile);
  state.why_not = internal::obstacle(state.endpoint, profile);
  if (!state.why_not.empty()) return;
  const auto work = [&state](const internal::Wanted& wanted) {
    bool is_first = true;
    const auto begin = [&] {
      if (std::exchange(is_first, false)) state.begun.count_down();
      return state.goes_on.load();
    };
    try {
      return take(*state.endpoint, {.duration = kMost}, wanted, begin);
    } catch (...) {
      if (is_first) state.begun.count_down();
      throw;
    }
  };
  try {
    state.task.emplace(work);
  } catch (const std::exception& error) {
    state.why_not = state.endpoint->name + ": " + error.what();
    return;
  }
  state.begun.wait();
}

Capture::~Capture() = default;

tl::expected<std::string, std::string> Capture::stop() try {
  if (!state_->why_not.empty()) return tl::unexpected(state_->why_not);
  state_->goes_on = false;
  return state_->task->result();
} catch (const std::exception& error) {
  return tl::unexpected(state_->endpoint->name + ": " + error.what());
}

}  // namespace pprof
