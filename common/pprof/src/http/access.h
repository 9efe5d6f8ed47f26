// Decides whether a request may have anything of the debug port. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pprof/handler.h"

namespace pprof::internal {

// The first header of that name; empty if there is none.
std::string header(const Request& request, std::string_view name);

// Throws std::invalid_argument if an entry is not the bare name or address of a host.
void check_hosts(const std::vector<std::string>& hosts);

// With a token: nothing if the request carries it, else 401. Without one the port is the user's
// alone, but a browser lets any page ask it: 403 for a request to a foreign name (a page's own,
// rebound to this machine) or from a page of another site.
std::optional<Refusal> check_access(const Request& request, const MountOptions& options);

}  // namespace pprof::internal
