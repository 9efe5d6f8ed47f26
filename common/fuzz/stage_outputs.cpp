// Runs one stage; see stage_outputs.h. Single-threaded, as libFuzzer is.
#include "stage_outputs.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "stage.h"
#include "utf8.h"

namespace service {
namespace {

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// NAME:NUMBER|KIND, as the StatsD protocol has it; nothing that a server would read otherwise.
bool is_valid_packet(std::string_view packet) {
  const std::size_t colon = packet.find(':');
  const std::size_t bar = packet.find('|');
  if (colon == 0 || colon == std::string_view::npos || bar == std::string_view::npos) return false;
  for (const char c : packet.substr(0, colon)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || is_one_of(c, "|@")) return false;
  }
  const std::string_view number = packet.substr(colon + 1, bar - colon - 1);
  for (const char c : number) {
    if (!is_one_of(c, "-.0123456789")) return false;
  }
  const std::string_view kind = packet.substr(bar + 1);
  return !number.empty() && (kind == "ms" || kind == "c" || kind == "h");
}

class Collector final : public Transport {
 public:
  std::string packets;

 private:
  bool deliver(std::string_view packet) override {
    if (!is_valid_packet(packet)) {
      std::fprintf(stderr, "invalid packet: %.*s\n", static_cast<int>(packet.size()),
                   packet.data());
      std::abort();
    }
    packets.append(packet).append("\n");
    return true;
  }
};

// A log in memory, emptied by take().
class MemoryLog {
 public:
  MemoryLog() : fd_(memfd_create("log", 0)), file_("/proc/self/fd/" + std::to_string(fd_)) {}
  LogFile& file() { return file_; }

  std::string take() {
    std::string text(static_cast<std::size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t size = pread(fd_, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    if (ftruncate(fd_, 0) != 0) text += "cannot empty the log";
    if (!is_valid_utf8(text)) {
      std::fprintf(stderr, "the log is not UTF-8: %s\n", text.c_str());
      std::abort();
    }
    return text;
  }

 private:
  int fd_;
  LogFile file_;
};

// Times differ from run to run: only whether there is one is compared.
std::string without_times(std::string_view text) {
  constexpr std::string_view kElapsed = "elapsed_us=";
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n') + 1);
    text.remove_prefix(line.size());
    line.remove_prefix(std::min(line.find(' '), line.size()));  // the time starts the line
    const std::size_t elapsed = line.rfind(kElapsed);
    out += elapsed == std::string_view::npos ? line : line.substr(0, elapsed);
    if (elapsed != std::string_view::npos) out += "elapsed\n";
  }
  return out;
}

std::string without_timings(std::string_view packets) {
  std::string out;
  while (!packets.empty()) {
    std::string_view line = packets.substr(0, packets.find('\n') + 1);
    packets.remove_prefix(line.size());
    const bool timing = line.find(".timing:") != std::string_view::npos && line.ends_with("|ms\n");
    out += timing ? line.substr(0, line.find(':')) : line;
    if (timing) out += ":T|ms\n";
  }
  return out;
}

}  // namespace

std::string stage_outputs(std::string_view str, std::string_view len, std::string_view chr,
                          double value) {
  static MemoryLog log;
  Collector transport;
  httplib::Response response;
  {
    Logger logger(log.file(), LogLevel::kDebug);
    StatsD statsd(transport, {});
    httplib::Request request;
    request.target = "/v1/leftpad/?";
    request.target.append(str);
    request.remote_addr = "127.0.0.1";
    // No NUL reaches a handler in a field: request_head.cpp refuses it, and fields are not decoded.
    request.headers.emplace("User-Agent", chr.substr(0, chr.find('\0')));
    request.params.emplace("str", str);
    request.params.emplace("len", len);
    if (!chr.empty()) request.params.emplace("chr", chr);
    timed_handler({logger, statsd, 4096}, "leftpad", leftpad_handler)(request, response);
    logger.flush();
  }
  std::string out = std::to_string(response.status) + response.body;
  out += without_timings(transport.packets) + without_times(log.take());

  Collector named;
  StatsD statsd(named, {});
  statsd.timing(std::string(str), value);
  statsd.histogram(std::string(str), value);
  statsd.increment(std::string(chr));
  return out + named.packets;
}

}  // namespace service
