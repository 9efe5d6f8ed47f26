// Reads requests; see request_reader.h. The common case, a request without a body that arrives in
// one piece, costs one read and no copy.
#include "app/server/request_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace service {
namespace {

constexpr std::size_t kBuffer = 4096;        // what a connection keeps
constexpr std::size_t kMaxStep = 64 * 1024;  // by which a body grows

std::string at_most(std::size_t bytes) { return ": at most " + std::to_string(bytes) + " bytes"; }

}  // namespace

RequestReader::RequestReader(ByteSource& source, const ServerOptions& limits)
    : source_(source), limits_(limits), buffer_(kBuffer, '\0') {}

bool RequestReader::next() {
  if (begin_ == end_) give_back_buffers();
  body_.clear();
  started_ = has_pending();
  deadline_.reset();
  std::string_view head;
  if (!read_head(head)) return false;
  auto parsed = parse_head(head, limits_);
  if (!parsed) {
    rejection_ = std::move(parsed).error();
    return false;
  }
  head_ = std::move(*parsed);
  return true;
}

// Finds the blank line that ends the head. Offsets count from begin_, since the buffer may move.
bool RequestReader::read_head(std::string_view& head) {
  bool skipped_blank = false;
  std::size_t line = 0;
  std::size_t searched = 0;
  while (true) {
    const std::string_view text = std::string_view(buffer_).substr(begin_, end_ - begin_);
    const auto line_end = std::min(text.find('\n', searched), text.size());
    if (!check_line(text, line, line_end)) return false;
    if (line_end == text.size()) {
      searched = line_end;
      if (!fill()) return false;
      continue;
    }
    const bool blank = line_end == line + 1;
    line = searched = line_end + 1;
    if (!blank) continue;
    begin_ += line;
    if (line > 2) {
      head = text.substr(0, line);
      return true;
    }
    // RFC 9112, 2.2: ignore an empty line before the request line.
    if (std::exchange(skipped_blank, true)) return reject(400, "empty request line");
    line = searched = 0;
    started_ = has_pending();
    deadline_.reset();
  }
}

// Judged while lines arrive: a client that ends its lines in LF only would wait for an answer.
bool RequestReader::check_line(std::string_view text, std::size_t line, std::size_t line_end) {
  const std::size_t size = line_end - line;  // with the CR
  if (line == 0 && size > limits_.max_request_line_bytes + 1) {
    return reject(414, "request line too long" + at_most(limits_.max_request_line_bytes));
  }
  if (line > 0 && size > limits_.max_header_line_bytes + 1) {
    return reject(431, "header field too long" + at_most(limits_.max_header_line_bytes));
  }
  if (line_end > limits_.max_head_bytes) {
    return reject(431, "request head too long" + at_most(limits_.max_head_bytes));
  }
  const bool complete = line_end < text.size();
  if (complete && (size == 0 || text[line_end - 1] != '\r')) {
    return reject(400, "lines must end in CR LF");
  }
  return true;
}

// Reads exactly the body: what follows it stays in the socket. Memory grows with what arrives, not
// with what was announced.
bool RequestReader::read_body() {
  const auto size = static_cast<std::size_t>(head_.content_length);
  const std::size_t have = std::min(size, end_ - begin_);
  body_.assign(buffer_, begin_, have);
  begin_ += have;
  while (body_.size() < size) {
    const std::size_t filled = body_.size();
    body_.resize(std::min(size, filled + std::clamp(filled, kBuffer, kMaxStep)));
    const auto result = source_.read_more(body_.data() + filled, body_.size() - filled, deadline());
    body_.resize(filled + result.size);
    if (result.status != ByteSource::Status::kData) return failed(result.status);
  }
  return true;
}

bool RequestReader::fill() {
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(buffer_.size() * 2);
    }
  }
  char* const to = buffer_.data() + end_;
  const std::size_t room = buffer_.size() - end_;
  const ByteSource::Result result =
      started_ ? source_.read_more(to, room, deadline()) : source_.read_idle(to, room);
  if (result.status != ByteSource::Status::kData) return failed(result.status);
  end_ += result.size;
  started_ = true;
  return true;
}

// Nothing is left to read from them, and the connection may now be idle for a minute.
void RequestReader::give_back_buffers() {
  begin_ = end_ = 0;
  if (buffer_.size() > kBuffer) buffer_ = std::string(kBuffer, '\0');
  if (body_.capacity() > kBuffer) body_ = std::string();
}

bool RequestReader::reject(int status, std::string message) {
  rejection_ = {status, std::move(message)};
  return false;
}

bool RequestReader::failed(ByteSource::Status status) {
  if (!started_ || status == ByteSource::Status::kError) return reject(0, "");
  if (status == ByteSource::Status::kTimeout) {
    return reject(408, "the request took too long to arrive");
  }
  return reject(400, "the connection ended in the middle of the request");
}

// The clock is read only if a request does not arrive in one piece.
ByteSource::Deadline RequestReader::deadline() {
  if (!deadline_) deadline_ = std::chrono::steady_clock::now() + limits_.read_timeout;
  return *deadline_;
}

}  // namespace service
