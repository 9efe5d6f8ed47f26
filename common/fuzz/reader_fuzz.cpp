// The connection's reader: whatever arrives, however it is cut, it ends, gives the same requests,
// and never hands cpp-httplib a head that could be read in two ways.
#include <string>
#include <vector>

#include "app/server/request_reader.h"
#include "fuzz_target.h"
#include "scripted_source.h"

namespace service::fuzz {
namespace {

// Lines end in CRLF, nothing is folded, no NUL, and at most one field says how long the body is.
void check_head(std::string_view head, std::size_t body_bytes) {
  require(head.ends_with("\r\n\r\n"), "a head ends with a blank line");
  require(head.find('\0') == std::string_view::npos, "a head has no NUL");
  require(head.find("\r\n ") == std::string_view::npos, "a head has no folded line");
  int lengths = 0;
  for (std::size_t line = 0; line < head.size();) {
    const std::size_t end = head.find('\n', line);
    require(end > line && head[end - 1] == '\r', "lines end in CR LF");
    std::string name;
    for (const char c : head.substr(line, head.substr(line, end - line).find(':'))) {
      name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    require(name != "transfer-encoding" && name != "range", "dropped fields are gone");
    lengths += name == "content-length" ? 1 : 0;
    line = end + 1;
  }
  require(lengths <= 1, "one length");
  require(body_bytes == 0 || lengths == 1, "a body has a length");
}

std::vector<std::string> read_all(std::string bytes, std::size_t piece) {
  ServerOptions limits;
  limits.max_body_bytes = 4096;
  testing::ScriptedSource source(std::move(bytes), piece);
  RequestReader reader(source, limits);
  std::vector<std::string> events;
  RequestReader::Status status = reader.next();
  for (; status == RequestReader::Status::kRequest; status = reader.next()) {
    check_head(reader.head(), reader.body().size());
    events.push_back(std::string(reader.head()).append(reader.body()));
    events.back() += reader.keep_alive() ? '+' : '-';
  }
  if (status == RequestReader::Status::kRejected) {
    require(reader.rejection().status >= 400, "a rejection has a status");
    events.push_back(std::to_string(reader.rejection().status));
  }
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
