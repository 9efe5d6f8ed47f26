// JSON error answers for everything that cpp-httplib refuses or cannot route: 400, 404, 405 with
// Allow, 413, 414, 500. Called once by run_app for each server, before it listens.
#pragma once

#include <httplib.h>

#include <string>
#include <vector>

namespace service {

// One known path and a method it takes. GET includes HEAD. A path that ends in '*' is a prefix.
struct Route {
  std::string method;
  std::string path;
};

// Gives every answer of status >= 400 without a body the body `{"error":"…"}`, and turns an
// unrouted request to a known path into 405 with Allow. An escaped exception becomes a 500 without
// its text. Uses the server's error and exception handlers.
void install_error_pages(httplib::Server& server, std::vector<Route> routes);

}  // namespace service
