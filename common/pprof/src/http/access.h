// Checks the token of a request. Thread-safe.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>

#include "http/reply.h"

namespace pprof::internal {

// Nothing if the request may go on: `token` is empty, or the request carries it as
// "Authorization: Bearer TOKEN" or "?token=TOKEN". Otherwise the 401 to answer.
std::optional<HttpError> check_access(const httplib::Request& request, const std::string& token);

}  // namespace pprof::internal
