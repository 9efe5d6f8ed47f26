// The table of profiles: what each is called, how it is taken, and when it cannot be.
// Read by whatever takes a profile (capture.h), and by the index page. Thread-safe: constant after
// the first call.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "profile.h"
#include "wanted.h"

namespace pprof::internal {

struct Endpoint {
  std::string name;
  std::string description;  // one sentence for the index page

  // Why this process cannot take the profile, with the remedy; empty if it can. May be null.
  std::function<std::string()> unavailable = nullptr;
  // How much is looked at now, in a sentence for the index page. May be null.
  std::function<std::string()> rate = nullptr;
  // The number on the index page. May be null.
  std::function<std::size_t()> count = nullptr;

  // Exactly one of the three.
  std::function<Profile()> snapshot = nullptr;  // at once; a difference with ?seconds=
  std::function<Profile(std::chrono::nanoseconds, const Wanted&)> timed = nullptr;
  std::function<std::string(std::chrono::nanoseconds, const Wanted&)> json = nullptr;

  // For snapshots: what is done once, to the profile that goes out; with ?seconds= that is the
  // difference. It may ask for names, which a snapshot does not. May be null.
  std::function<Profile(Profile)> finish = nullptr;

  // For timed and json: without ?seconds= (or max_duration, if that is less).
  std::chrono::seconds default_duration{30};

  // A text form of its own for ?debug=1 and 2. May be null.
  std::function<std::string(int debug)> text = nullptr;
};

const std::vector<Endpoint>& endpoints();

// Null if there is none of that name.
const Endpoint* find_endpoint(std::string_view name);

// The error for that case, with the names that there are.
std::string unknown_profile(std::string_view name);

}  // namespace pprof::internal
