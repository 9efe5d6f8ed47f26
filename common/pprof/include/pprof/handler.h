// Answers requests for profiles, like Go's net/http/pprof, on whatever server a program has: the
// server fills a Request and sends the Response. For cpp-httplib httplib.h does that.
// Thread-safety: a Handler may be called from any threads at the same time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pprof/version.h"

namespace pprof {

namespace internal {
class CaptureTask;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string target = "/";  // as it was sent: "/debug/pprof/profile?seconds=5"
  Headers headers = {};      // names in any case
  // Nothing if it could not be read to its end. Only a POST needs one. Of a longer one than this an
  // adapter may leave out what follows the first byte too many.
  static constexpr std::size_t kMaxBody = std::size_t{256} << 10U;
  std::optional<std::string> body = "";
  std::string version = "HTTP/1.1";
};

// What to send. For HEAD leave out the body.
struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};  // there once wait() is true

  // Waits for a body that takes time, `patience` at most, and returns whether it is there. If the
  // capture failed, the whole response is an error of status 500: whoever has already sent the
  // headers closes the connection.
  bool wait(std::chrono::milliseconds patience);
  // Runs on a thread of its own until the last copy of the response is gone: drop the response when
  // the client leaves. Dropping it waits for that thread, which may be naming: a second at the
  // first capture of a large program. Null if the body is there.
  std::shared_ptr<internal::CaptureTask> capture = nullptr;
};

// Whether the client at the other end of this connected socket is still there: for servers that
// wait in a loop. It takes nothing from the socket.
bool is_connected(int socket) noexcept;

struct MountOptions {
  // Path of the index page, without a trailing slash. It must start with '/'.
  std::string prefix = "/debug/pprof";
  // Empty: any program that reaches the server may capture, but no web page (see hosts). Otherwise
  // every request must carry "Authorization: Bearer TOKEN" or "?token=TOKEN", and nothing else.
  std::string token = {};
  // Without a token, a request is answered only if its Host is localhost, a loopback address, or
  // one of these names and addresses (without scheme and port; any case), and if no page of another
  // site sent it. Add the names by which a forwarded port or a container is asked.
  std::vector<std::string> hosts = {};
  // How to add to `hosts`, for the text of a refusal.
  std::string hosts_remedy = "add the name to MountOptions::hosts, or set a token";
  // The longest `?seconds=` that is accepted, from 1 s to a year. Longer captures are refused with
  // 400.
  std::chrono::seconds max_duration{300};
  // Shown on the index page, for instance "v2-optimized 1.4.0".
  std::string version = {};
};

class Handler {
 public:
  // Throws std::invalid_argument if the prefix, a host or max_duration is unusable.
  explicit Handler(MountOptions options = {});
  // Never throws, and never waits for a capture that takes time: see Response::wait(). Without
  // `seconds`, heap, threads and the other snapshots are taken and named on the calling thread.
  // What is not below the prefix is a 404.
  Response operator()(const Request& request) const;

 private:
  MountOptions options_;
};

struct Refusal {
  int status = 403;       // or 401: a token is set, and the request does not carry it
  std::string text = {};  // one line: what is wrong and what to do
};

// What a Handler refuses `request` with, on account of token, Host and Origin; nothing if it
// answers. For other handlers on the same server.
std::optional<Refusal> refusal(const Request& request, const MountOptions& options);

}  // namespace pprof
