// What a server answers: its routes, and JSON error pages for the rest: 400, 404, 405 with Allow,
// 413, 414, 500. Called once by run_app for each server, before it listens.
#pragma once

#include <httplib.h>

#include <string>
#include <vector>

namespace service {

// A known path and a method it takes. GET includes HEAD.
struct Route {
  std::string method;
  std::string path;
  // Called without the request's body. Null: cpp-httplib has a handler for it; the path may then be
  // a prefix, which ends in '*'.
  httplib::Server::Handler handler = nullptr;
};

// Finds the routes by their path as it is, without a regular expression. Gives every answer of
// status >= 400 without a body the body `{"error":"…"}`, turns an unrouted request to a known path
// into 405 with Allow, and an escaped exception into a 500 without its text. Uses the server's
// pre-routing, error and exception handlers.
void install_routes(httplib::Server& server, std::vector<Route> routes);

}  // namespace service
