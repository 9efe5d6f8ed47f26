// The service from start to end. Called by main.
#pragma once

namespace service {

// Reads the options, serves until SIGTERM or SIGINT, then finishes running requests, flushes log
// and metrics, and returns the exit code: 0 after a clean stop, 1 when it could not start or could
// accept no more connections, 2 for a wrong command line. Prints `listening on http://HOST:PORT` to
// standard error when it is ready.
int run_app(int argc, char** argv);

}  // namespace service
