// Profiling endpoints for a cpp-httplib service, like Go's net/http/pprof.
// Call mount() once on the server that answers /debug/pprof/.
// Thread-safety: see mount(); the handlers it adds may run at the same time on any threads.
#pragma once

#include <chrono>
#include <string>

namespace httplib {
struct Request;
class Server;
}  // namespace httplib

namespace pprof {

struct MountOptions {
  // Path of the index page, without a trailing slash. It must start with '/'.
  std::string prefix = "/debug/pprof";
  // Empty: anyone who reaches the server may capture. Otherwise every request must carry
  // "Authorization: Bearer TOKEN" or "?token=TOKEN".
  std::string token = {};
  // The longest `?seconds=` that is accepted, from 1 s to a year. Longer captures are refused with
  // 400.
  std::chrono::seconds max_duration{300};
  // Shown on the index page, for instance "v2-optimized 1.4.0".
  std::string version = {};
};

// Adds every profiling endpoint to `server`. Call it before listen(), from one thread.
// The handlers own all they need: `options` is copied, and nothing must outlive the call.
// Throws std::invalid_argument if the prefix or max_duration is unusable.
//
// A capture occupies one thread of the server for its whole duration, so a server of its own on
// a loopback address is the better place: a 30 s profile then takes no worker from the service.
void mount(httplib::Server& server, const MountOptions& options = {});

// Whether `request` carries `token`, as mount() asks for it; true if `token` is empty. For other
// handlers on the same server.
bool is_authorized(const httplib::Request& request, const std::string& token);

}  // namespace pprof
