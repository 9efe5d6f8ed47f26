// Headers and error bodies; see reply.h.
#include "http/reply.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

namespace pprof::internal {

Response reply(const std::string& content_type, std::string body) {
  return {.headers = {{"Content-Type", content_type},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

std::string quoted(std::string value) {
  constexpr std::size_t kShown = 60;
  if (value.size() > kShown) value = value.substr(0, kShown) + "...";
  std::ranges::replace_if(
      value, [](char c) { return c < ' ' || c > '~'; }, '?');
  return '"' + value + '"';
}

Response error_reply(const HttpError& error) {
  Response response = reply(kPlainText, error.text + "\n");
  response.status = error.status;
  response.headers.emplace_back("X-Go-Pprof", "1");
  if (!error.allow.empty()) response.headers.emplace_back("Allow", error.allow);
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Response with_capture(Response response, const Request& request, CaptureTask::Work work) {
  if (request.method != "HEAD") response.capture = std::make_shared<CaptureTask>(std::move(work));
  return response;
}

}  // namespace pprof::internal

namespace pprof {

bool Response::wait(std::chrono::milliseconds patience) {
  if (capture == nullptr) return true;
  if (!capture->wait(patience)) return false;
  const auto ended = std::exchange(capture, nullptr);
  try {
    body = ended->result();
  } catch (const std::exception& error) {
    // Also here, since the headers may have gone out: then nothing else can tell.
    std::fprintf(stderr, "pprof: the capture failed: %s\n", error.what());
    *this = internal::error_reply({500, "the capture failed: " + std::string(error.what())});
  }
  return true;
}

}  // namespace pprof
