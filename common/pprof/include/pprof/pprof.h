// Profiling endpoints for a cpp-httplib service, like Go's net/http/pprof.
// Call mount() once on the server that answers /debug/pprof/.
// Thread-safety: see mount(); the handlers it adds may run at the same time on any threads.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace httplib {
struct Request;
class Server;
}  // namespace httplib

namespace pprof {

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

// Adds every profiling endpoint to `server`. Call it before listen(), from one thread.
// The handlers own all they need: `options` is copied, and nothing must outlive the call.
// Throws std::invalid_argument if the prefix, a host or max_duration is unusable.
//
// A capture occupies one thread of the server for its whole duration, so a server of its own on
// a loopback address is the better place: a 30 s profile then takes no worker from the service.
void mount(httplib::Server& server, const MountOptions& options = {});

struct Refusal {
  int status = 403;       // or 401: a token is set, and the request does not carry it
  std::string text = {};  // one line: what is wrong and what to do
};

// What mount() refuses `request` with, on account of token, Host and Origin; nothing if it answers.
// For other handlers on the same server.
std::optional<Refusal> refusal(const httplib::Request& request, const MountOptions& options);

}  // namespace pprof
