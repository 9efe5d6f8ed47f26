// Adds the endpoints to a server; see pprof.h.
#include <httplib.h>

#include <stdexcept>
#include <utility>

#include "pprof/pprof.h"

namespace pprof {

void mount(httplib::Server& server, MountOptions options) {
  if (options.prefix.empty() || options.prefix.front() != '/' || options.prefix.back() == '/') {
    throw std::invalid_argument("pprof::mount: prefix \"" + options.prefix +
                                "\" must start with '/' and not end with it");
  }
  const std::string index = options.prefix + "/";
  server.Get(index, [version = std::move(options.version)](const httplib::Request&,
                                                           httplib::Response& response) {
    response.set_content("pprof " + version + "\n", "text/plain; charset=utf-8");
  });
}

}  // namespace pprof
