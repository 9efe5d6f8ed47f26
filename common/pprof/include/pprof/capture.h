// Profiles without a server, as Go's runtime/pprof takes them. They are what the endpoints give: a
// gzipped profile.proto with all names, which `go tool pprof FILE` reads; a trace is JSON.
// Thread-safety: any threads, also at the same time, each with its own window.
//
// Profiles are named as below /debug/pprof/: "profile" (CPU), "wall", "trace", "heap", "allocs",
// "block", "mutex", "threads". An error is one line: what is wrong, and what to do.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "pprof/version.h"

namespace pprof {

struct CaptureOptions {
  // For profile, wall and trace: how long, at most a year. For the others: what changed in that
  // time; 0: everything until now.
  std::chrono::nanoseconds duration{0};
  // A text to read, as ?debug=1 gives it, in place of the file.
  bool as_text = false;
  // Without names the file is small, and pprof finds them in the program, or a collector by build
  // id: what ?symbolize=none gives.
  bool with_names = true;
};

// Blocks for the duration, and for naming and encoding.
tl::expected<std::string, std::string> capture(std::string_view profile,
                                               const CaptureOptions& options = {});

// The same to a function that takes bytes: a socket, a queue, an upload. It is called once, with
// the whole profile, or not at all; what it throws is the error.
tl::expected<void, std::string> capture_to(std::string_view profile,
                                           const std::function<void(std::string_view)>& take_bytes,
                                           const CaptureOptions& options = {});

// The same into a file, which replaces the one of that name once it is complete.
tl::expected<void, std::string> capture_to_file(std::string_view profile, const std::string& path,
                                                const CaptureOptions& options = {});

struct OnSignal {
  std::vector<std::string> profiles = {"profile", "heap", "threads"};
  std::chrono::nanoseconds duration = std::chrono::seconds(30);  // of profile, wall and trace
  std::string folder = ".";
};

// For programs without a port: from now on, each time the process gets `signal` (kill -USR2 PID),
// the profiles are written, one after the other, to FOLDER/NAME-PID-COUNT.pb.gz, a trace to .json.
// Standard error has a line for each: its path or the error. Once in a process. The signal must
// have no handler.
tl::expected<void, std::string> capture_on_signal(int signal, OnSignal what = {});

// Captures from its making, on a thread of its own, until stop(). Without stop() there is nothing.
class Capture {
 public:
  explicit Capture(std::string_view profile);  // returns when the capture has begun
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // What was captured, also if called again; or why it could not be.
  tl::expected<std::string, std::string> stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pprof
