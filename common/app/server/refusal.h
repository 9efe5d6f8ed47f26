// The complete HTTP answer to a request or connection that never reaches cpp-httplib, and the Date
// of every answer. Called by the server's threads.
#pragma once

#include <string>

#include "app/server/request_head.h"

namespace service {

// Status line, headers and a JSON body. It announces that the connection is closed, which the
// caller must do. 503 carries Retry-After.
std::string make_refusal(const Rejection& why);

// Now, for the Date field (RFC 9110, 5.6.7). Made again once a second for each thread; valid until
// the thread's next call.
const std::string& http_date();

}  // namespace service
