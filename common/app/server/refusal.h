// The complete HTTP answer to a request or connection that never reaches cpp-httplib. Called by the
// buffered connection. Pure.
#pragma once

#include <string>

#include "app/server/request_head.h"

namespace service {

// Status line, headers and a JSON body. It announces that the connection is closed, which the
// caller must do. 503 carries Retry-After.
std::string make_refusal(Rejection why);

}  // namespace service
