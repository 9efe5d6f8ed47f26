// The connection's reader: whatever arrives, however it is cut, it ends, gives the same requests,
// and a handler never gets a part of a head that could be read in two ways, or a forged address.
// Nor does the debug port serve another host's pages.
#include <httplib.h>
#include <pprof/httplib.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "app/server/request_reader.h"
#include "fuzz_target.h"
#include "scripted_source.h"

namespace service::fuzz {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// What pprof takes without a token is what a user has typed, or a page of the port's own.
void check_access(const httplib::Request& request) {
  const auto refused = pprof::refusal(request, {});
  if (refused) {
    require(refused->status == 403 && !has_control(refused->text), "a reason on one line");
    return;
  }
  require(request.get_header_value("Sec-Fetch-Site") != "cross-site", "no page of another site");
  const std::string host = request.get_header_value("Host");
  std::string name = host.substr(0, host.rfind(':'));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool is_local = name == "localhost" || name.starts_with('[') || name.starts_with("127.");
  require(host.empty() ? request.version == "HTTP/1.0" : is_local, "the host is this machine");
  const std::string origin = request.get_header_value("Origin");
  require(origin.empty() || request.get_header_value("Sec-Fetch-Site") == "same-origin" ||
              origin.size() == host.size() + origin.find("://") + 3,
          "the page is of this host");
}

void check_request(const RequestHead& head, std::size_t body_bytes) {
  httplib::Request request;
  fill_request(head, request);
  require(request.target.starts_with('/') || request.target == "*" || request.method == "CONNECT",
          "a target is a path");
  require(!has_control(request.target) && !has_control(request.path), "no control in a path");
  require(std::count(request.path.begin(), request.path.end(), '/') ==
              std::count(head.path.begin(), head.path.end(), '/'),
          "decoding makes no separator");
  require(request.version == "HTTP/1.1" || request.version == "HTTP/1.0", "a known version");
  for (const auto& [name, value] : request.headers) {
    require(!name.empty() && !has_control(name) && !has_control(value), "a field is one line");
  }
  for (const char* name : {"Transfer-Encoding", "Expect", "Range", "REMOTE_ADDR", "LOCAL_PORT"}) {
    require(request.headers.find(name) == request.headers.end(), "no such field is handed on");
  }
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  require(lengths <= 1 && request.get_header_value_count("Host") <= 1, "once at most");
  require(body_bytes == 0 || lengths == 1, "a body has a length");
  require(body_bytes == head.content_length, "a body is complete");
  check_access(request);
}

std::vector<std::string> read_all(std::string bytes, std::size_t piece) {
  ServerOptions limits;
  limits.max_body_bytes = 4096;
  testing::ScriptedSource source(std::move(bytes), piece);
  RequestReader reader(source, limits);
  std::vector<std::string> events;
  while (reader.next() && reader.read_body()) {
    check_request(reader.head(), reader.body().size());
    std::string event(reader.head().method);
    event.append(" ").append(reader.head().target).append(" ").append(reader.body());
    for (const Field& field : reader.head().fields) event.append(field.name).append(field.value);
    events.push_back(event + (reader.head().keep_alive ? '+' : '-'));
  }
  const int status = reader.rejection().status;
  require(status == 0 || status >= 400, "a rejection has a status");
  events.push_back(std::to_string(status) + reader.rejection().message);
  return events;
}

}  // namespace
}  // namespace service::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using service::fuzz::read_all;
  if (size == 0) return 0;
  const std::string bytes(service::fuzz::as_text(data + 1, size - 1));
  const auto whole = read_all(bytes, bytes.size() + 1);
  service::fuzz::require(read_all(bytes, 1 + data[0] % 32) == whole, "cutting changes nothing");
  return 0;
}
