// Reads requests; see request_reader.h. The common case, a request without a body that arrives in
// one piece, costs one read and no copy.
#include "app/server/request_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace service {
namespace {

constexpr std::size_t kInitialBuffer = 4096;
constexpr std::size_t kMaxChunkLine = 256;
constexpr std::size_t kMaxTrailerBytes = 4096;

}  // namespace

RequestReader::RequestReader(ByteSource& source, const ServerOptions& limits)
    : source_(source), limits_(limits), buffer_(kInitialBuffer, '\0') {}

RequestReader::Status RequestReader::next() {
  if (begin_ == end_) begin_ = end_ = 0;
  started_ = has_pending();
  has_deadline_ = false;
  body_.clear();
  if (const Status status = read_head(); status != Status::kRequest) return status;
  return read_body();
}

RequestReader::Status RequestReader::reject(int status, std::string_view message) {
  rejection_ = {status, message};
  return Status::kRejected;
}

// The clock is read only if a request does not arrive in one piece.
ByteSource::Deadline RequestReader::deadline() {
  if (!has_deadline_) deadline_ = std::chrono::steady_clock::now() + limits_.read_timeout;
  has_deadline_ = true;
  return deadline_;
}

RequestReader::Status RequestReader::failed(ByteSource::Result result) {
  if (!started_ || result.status == ByteSource::Status::kError) return Status::kClosed;
  if (result.status == ByteSource::Status::kTimeout) {
    return reject(408, "the request took too long to arrive");
  }
  return reject(400, "the connection ended in the middle of the request");
}

RequestReader::Status RequestReader::fill() {
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
  if (result.status != ByteSource::Status::kData) return failed(result);
  end_ += result.size;
  started_ = true;
  return Status::kRequest;
}

// Judged while lines arrive: a client that ends its lines in LF only would wait for an answer.
RequestReader::Status RequestReader::check_line(std::string_view text, std::size_t line,
                                                std::size_t line_end) {
  const std::size_t size = line_end - line;  // with the CR
  if (line == 0 && size > limits_.max_request_line_bytes + 1) {
    return reject(414, "request line too long: at most 8190 bytes");
  }
  if (line > 0 && size > limits_.max_header_line_bytes + 1) {
    return reject(431, "header field too long: at most 8190 bytes");
  }
  if (line_end > limits_.max_head_bytes) {
    return reject(431, "request head too long: at most 32 KiB");
  }
  const bool complete = line_end < text.size();
  if (complete && (size == 0 || text[line_end - 1] != '\r')) {
    return reject(400, "lines must end in CR LF");
  }
  return Status::kRequest;
}

// Reads the line at offset `line` of the request and sets `line_end` to its LF. Offsets count from
// begin_, since the buffer may move.
RequestReader::Status RequestReader::read_line(std::size_t line, std::size_t& line_end) {
  for (std::size_t searched = line;;) {
    const std::string_view text = std::string_view(buffer_).substr(begin_, end_ - begin_);
    const auto found = text.find('\n', searched);
    line_end = std::min(found, text.size());
    if (const Status status = check_line(text, line, line_end); status != Status::kRequest) {
      return status;
    }
    if (found != std::string_view::npos) return Status::kRequest;
    searched = text.size();
    if (const Status status = fill(); status != Status::kRequest) return status;
  }
}

RequestReader::Status RequestReader::read_head() {
  bool skipped_blank = false;
  std::size_t line = 0;
  while (true) {
    std::size_t line_end = 0;
    if (const Status status = read_line(line, line_end); status != Status::kRequest) return status;
    const bool blank = line_end == line + 1;
    if (blank && line == 0) {  // RFC 9112, 2.2: ignore an empty line before the request line
      if (skipped_blank) return reject(400, "empty request line");
      skipped_blank = true;
      begin_ += 2;
      started_ = has_pending();
      has_deadline_ = false;
      continue;
    }
    line = line_end + 1;
    if (blank) break;
  }
  head_ = std::string_view(buffer_).substr(begin_, line);
  begin_ += line;
  rejection_ = parse_head(head_, limits_, parsed_);
  return rejection_ ? Status::kRejected : Status::kRequest;
}

RequestReader::Status RequestReader::read_body() {
  const bool has_body = parsed_.chunked || parsed_.content_length > 0;
  if (!has_body && !parsed_.needs_rewrite) return Status::kRequest;
  head_copy_.assign(head_);
  if (has_body) {
    if (parsed_.expects_continue && begin_ == end_) source_.send_continue();
    const Status status = parsed_.chunked ? read_chunked_body() : read_sized_body();
    if (status != Status::kRequest) return status;
  }
  if (parsed_.needs_rewrite) head_copy_ = rewrite_head(head_copy_, parsed_.chunked, body_.size());
  head_ = head_copy_;
  return Status::kRequest;
}

// Reads exactly the body: what follows it stays in the socket.
RequestReader::Status RequestReader::read_sized_body() {
  const auto size = static_cast<std::size_t>(parsed_.content_length);
  const std::size_t have = std::min(size, end_ - begin_);
  body_.assign(buffer_, begin_, have);
  begin_ += have;
  body_.resize(size);
  for (std::size_t filled = have; filled < size;) {
    const auto result = source_.read_more(body_.data() + filled, size - filled, deadline());
    if (result.status != ByteSource::Status::kData) return failed(result);
    filled += result.size;
  }
  return Status::kRequest;
}

// RFC 9112, 7.1: size in hex, optional extension, CRLF, data, CRLF; then "0", trailers, CRLF.
RequestReader::Status RequestReader::read_chunked_body() {
  while (true) {
    std::string_view line;
    if (const Status status = read_chunk_line(line, kMaxChunkLine); status != Status::kRequest) {
      return status;
    }
    std::size_t size = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const std::string_view rest(stop, static_cast<std::size_t>(line.data() + line.size() - stop));
    if (error == std::errc::result_out_of_range) return reject(413, "request body too large");
    if (error != std::errc() || (!rest.empty() && rest.front() != ';')) {
      return reject(400, "chunk size must be hex digits");
    }
    if (size == 0) return read_trailers();
    if (size > limits_.max_body_bytes - body_.size()) return reject(413, "request body too large");
    if (const Status status = append_chunk(size); status != Status::kRequest) return status;
  }
}

// The line, without its CRLF, is valid until the next read.
RequestReader::Status RequestReader::read_chunk_line(std::string_view& line, std::size_t limit) {
  for (std::size_t searched = 0;;) {
    const std::string_view text = std::string_view(buffer_).substr(begin_, end_ - begin_);
    const auto end = text.find('\n', searched);
    if (std::min(end, text.size()) > limit) return reject(400, "chunk header or trailer too long");
    if (end != std::string_view::npos) {
      if (end == 0 || text[end - 1] != '\r') return reject(400, "lines must end in CR LF");
      line = text.substr(0, end - 1);
      begin_ += end + 1;
      const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t';
      };
      if (std::any_of(line.begin(), line.end(), is_control)) {
        return reject(400, "control character in a chunk header");
      }
      return Status::kRequest;
    }
    searched = text.size();
    if (const Status status = fill(); status != Status::kRequest) return status;
  }
}

RequestReader::Status RequestReader::append_chunk(std::size_t size) {
  while (size > 0) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (const Status status = fill(); status != Status::kRequest) return status;
    }
    const std::size_t part = std::min(size, end_ - begin_);
    body_.append(buffer_, begin_, part);
    begin_ += part;
    size -= part;
  }
  std::string_view line;
  if (const Status status = read_chunk_line(line, 1); status != Status::kRequest) return status;
  return line.empty() ? Status::kRequest : reject(400, "chunk longer than its size");
}

// Trailers are checked and dropped: nothing here needs them.
RequestReader::Status RequestReader::read_trailers() {
  std::size_t bytes = 0;
  while (true) {
    std::string_view line;
    if (const Status status = read_chunk_line(line, kMaxTrailerBytes); status != Status::kRequest) {
      return status;
    }
    if (line.empty()) return Status::kRequest;
    std::string_view name;
    std::string_view value;
    bytes += line.size();
    if (bytes > kMaxTrailerBytes || !split_field(line, name, value)) {
      return reject(400, "malformed trailer");
    }
  }
}

}  // namespace service
