// See body.h.
#include "http/body.h"

#include <utility>

namespace pprof::internal {
namespace {

constexpr std::size_t kMaxBody = 256 << 10;  // bytes: more than the addresses that symbol takes

}  // namespace

// httplib's own reading of a body, into the request, limits those of the type that curl -d sends
// to 8 KiB.
Body read_body(const httplib::Request& request, const httplib::ContentReader& reader) {
  Body body;
  // Without either there is no body (RFC 9112, 6.3), but httplib would wait for one.
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
    return body;
  }
  if (request.is_multipart_form_data()) {
    body.is_read =
        reader([](const auto&) { return true; }, [](const char*, std::size_t) { return true; });
    body.error = {400, "the body is a form: send the addresses alone, as curl -d does"};
    return body;
  }
  bool is_too_large = false;
  body.is_read = reader([&](const char* data, std::size_t size) {
    is_too_large = is_too_large || body.text.size() + size > kMaxBody;
    if (!is_too_large) body.text.append(data, size);
    return true;  // whatever its size
  });
  if (is_too_large) {
    body.error = {413, "the body is above 256 KiB: send at most 10,000 addresses in a request"};
  } else if (!body.is_read) {
    body.error = {400, "the body is incomplete: send it again"};
  }
  return body;
}

// What httplib has for that is a provider that fails at its end.
void close_after(httplib::Response& response) {
  const std::string text = std::exchange(response.body, {});
  response.headers.erase("Content-Type");
  response.set_content_provider(
      text.size(), kPlainText,
      [text](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        sink.write(text.data() + offset, length);
        return false;
      });
}

}  // namespace pprof::internal
