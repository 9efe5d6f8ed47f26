// Profiling endpoints for a cpp-httplib server: call mount() once on the one that answers
// /debug/pprof/. The program compiles this with the <httplib.h> that it has.
// Thread-safety: see mount(); the handlers it adds may run at the same time on any threads.
#pragma once

#include <httplib.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pprof/handler.h"

// What depends on the layout of httplib's classes: the version, and what it was told to support.
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
#define PPROF_HTTPLIB_SSL "_ssl"
#else
#define PPROF_HTTPLIB_SSL ""
#endif
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
#define PPROF_HTTPLIB_ZLIB "_zlib"
#else
#define PPROF_HTTPLIB_ZLIB ""
#endif
#ifdef CPPHTTPLIB_BROTLI_SUPPORT
#define PPROF_HTTPLIB_BROTLI "_brotli"
#else
#define PPROF_HTTPLIB_BROTLI ""
#endif
#define PPROF_HTTPLIB \
  "pprof_httplib_" CPPHTTPLIB_VERSION PPROF_HTTPLIB_SSL PPROF_HTTPLIB_ZLIB PPROF_HTTPLIB_BROTLI

// The functions of different httplib.h have the same names, and the linker takes any: a program
// with two crashes. Here it does not link, if both came with this header: each file defines this
// symbol, in a group of which the linker keeps one for each httplib.
asm(".ifndef " PPROF_HTTPLIB
    ";"
    ".pushsection .rodata.pprof_httplib,\"aG\",%progbits," PPROF_HTTPLIB
    ",comdat;"
    ".globl this_program_has_two_different_httplib_h;"
    ".hidden this_program_has_two_different_httplib_h;"
    "this_program_has_two_different_httplib_h:" PPROF_HTTPLIB
    ": .byte 0;"
    ".popsection;"
    ".endif");

namespace pprof {
namespace internal {

inline Request to_request(const httplib::Request& request) {
  return {.method = request.method,
          .target = request.target,
          .headers = {request.headers.begin(), request.headers.end()},
          .version = request.version};
}

// What a handler leaves unread of a body, httplib takes for the next request on the connection: so
// all of it is read. httplib's own reading, into the request, limits bodies of the type that
// curl -d sends to 8 KiB. Nothing if the end was not found.
inline std::optional<std::string> read_body(const httplib::Request& request,
                                            const httplib::ContentReader& reader) {
  std::string text;
  // Without either there is no body (RFC 9112, 6.3), but httplib would wait for one.
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
    return text;
  }
  const httplib::ContentReceiver keep = [&text](const char* data, std::size_t size) {
    text.append(data, std::min(size, Request::kMaxBody + 1 - text.size()));
    return true;
  };
  const bool is_read = request.is_multipart_form_data()
                           ? reader([](const auto&) { return true; }, keep)
                           : reader(keep);
  return is_read ? std::optional(text) : std::nullopt;
}

// A capture is sent when it is over; meanwhile httplib asks again and again, and the capture is
// called off when the client leaves or the server stops.
inline void send_later(const std::shared_ptr<Response>& answer, const httplib::Request& request,
                       httplib::Response& response) {
  const auto provider = [answer](std::size_t, httplib::DataSink& sink) {
    if (!answer->wait(std::chrono::milliseconds(50))) return sink.is_writable();
    if (answer->status != 200) return false;  // only a broken connection can still tell
    if (!answer->body.empty() && !sink.write(answer->body.data(), answer->body.size())) {
      return false;
    }
    sink.done();
    return true;
  };
  if (request.version == "HTTP/1.0") {  // knows no chunks: the body ends with the connection
    response.set_content_provider("", provider);
    response.set_header("Connection", "close");
  } else {
    response.set_chunked_content_provider("", provider);
  }
}

// Ends the connection when the body is sent: httplib has for that a provider that fails at its end.
inline void send_and_close(const std::string& body, httplib::Response& response) {
  response.set_content_provider(
      body.size(), "", [body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        sink.write(body.data() + offset, length);
        return false;
      });
}

// httplib would compress text and JSON by brotli at its slowest while the client waits: a trace
// took a minute. It looks at the request again for that, which is an object of its own, not a
// constant.
inline void send_uncompressed(const httplib::Request& request) {
  const_cast<httplib::Request&>(request).headers.erase("Accept-Encoding");  // NOLINT(*-const-cast)
}

inline void send_answer(const Handler& handler, const Request& asked,
                        const httplib::Request& request, httplib::Response& response) {
  send_uncompressed(request);
  const auto answer = std::make_shared<Response>(handler(asked));
  response.status = answer->status;
  if (!answer->wait(std::chrono::milliseconds(0))) {
    send_later(answer, request, response);
  } else if (!asked.body) {
    send_and_close(answer->body, response);
  } else {
    response.body = answer->body;
  }
  response.headers.erase("Content-Type");  // a provider's; the answer has its own
  for (const auto& [name, value] : answer->headers) response.set_header(name, value);
}

// httplib takes paths as regular expressions.
inline std::string pattern_of(const std::string& path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view(R"(\^$.|?*+()[]{})").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace internal

// Adds every profiling endpoint to `server`. Call it before listen(), from one thread.
// The handlers own all they need: `options` is copied, and nothing must outlive the call.
// Throws std::invalid_argument if the prefix, a host or max_duration is unusable.
//
// A capture occupies one thread of the server for its whole duration, so a server of its own on
// a loopback address is the better place: a 30 s profile then takes no worker from the service.
inline void mount(httplib::Server& server, const MountOptions& options = {}) {
  const auto handler = std::make_shared<const Handler>(options);
  const auto answer = [handler](const httplib::Request& request, httplib::Response& response) {
    internal::send_answer(*handler, internal::to_request(request), request, response);
  };
  const auto answer_body = [handler](const httplib::Request& request, httplib::Response& response,
                                     const httplib::ContentReader& reader) {
    Request asked = internal::to_request(request);
    asked.body = internal::read_body(request, reader);
    internal::send_answer(*handler, asked, request, response);
  };
  const std::string paths = internal::pattern_of(options.prefix) + "(/.*)?";
  server.Get(paths, answer);
  server.Options(paths, answer);
  server.Post(paths, answer_body);
  server.Put(paths, answer_body);
  server.Patch(paths, answer_body);
  server.Delete(paths, answer_body);
}

// The same for a request as httplib has it.
inline std::optional<Refusal> refusal(const httplib::Request& request,
                                      const MountOptions& options) {
  return refusal(internal::to_request(request), options);
}

}  // namespace pprof
