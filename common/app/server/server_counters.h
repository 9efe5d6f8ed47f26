// Counters of the server layer, shown under /debug/vars. Written by the server's threads, read by
// anyone at any time: a snapshot is exact for each value, not across values.
#pragma once

#include <atomic>
#include <cstdint>

namespace service {

struct ServerCounters {
  using Count = std::atomic<std::uint64_t>;

  Count requests{0};              // answers given, of any status; not to refused connections
  Count client_errors{0};         // of them 4xx
  Count server_errors{0};         // of them 5xx
  Count connections_accepted{0};  // handed to a thread, since the start
  Count connections_active{0};    // open now
  Count connections_refused{0};   // answered 503 because all threads were taken
  Count threads{0};               // worker threads now
  Count threads_peak{0};          // most worker threads at once
  Count threads_started{0};       // worker threads since the start

  // Counts one answer by its HTTP status.
  void count_answer(int status) {
    ++requests;
    if (status >= 400) ++(status >= 500 ? server_errors : client_errors);
  }

  // Calls `visit(name, value)` for each counter, in a fixed order; names suit a JSON object.
  template <typename Visit>
  void for_each(Visit visit) const {
    visit("requests", requests.load());
    visit("errors_4xx", client_errors.load());
    visit("errors_5xx", server_errors.load());
    visit("connections_accepted", connections_accepted.load());
    visit("connections_active", connections_active.load());
    visit("connections_refused", connections_refused.load());
    visit("threads", threads.load());
    visit("threads_peak", threads_peak.load());
    visit("threads_started", threads_started.load());
  }
};

}  // namespace service
