// The request that handlers get, made from a checked head in place of cpp-httplib's own parsing.
// Called by the buffered connection. Pure.
#pragma once

#include <httplib.h>

#include "app/server/request_head.h"

namespace service {

// Sets method, target, path, version, fields and parameters of `request`; the path and the
// parameters are percent-decoded, '+' in a parameter is a space. A '%' without two hex digits stays
// as it is, and a parameter without a name is left out. The body is not set.
void fill_request(const RequestHead& head, httplib::Request& request);

}  // namespace service
