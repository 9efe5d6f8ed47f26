// Counters of the server layer, shown under /debug/vars. Written by the server's threads, read by
// anyone at any time: relaxed atomics, so a snapshot is exact for each value, not across values.
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

  static void add(Count& count, std::uint64_t n = 1) {
    count.fetch_add(n, std::memory_order_relaxed);
  }
  static void subtract(Count& count) { count.fetch_sub(1, std::memory_order_relaxed); }
  static std::uint64_t get(const Count& count) { return count.load(std::memory_order_relaxed); }

  // Adds one to `now` and raises `peak` to it. Called by one thread at a time.
  static void add_with_peak(Count& now, Count& peak) {
    const std::uint64_t value = now.fetch_add(1, std::memory_order_relaxed) + 1;
    if (value > get(peak)) peak.store(value, std::memory_order_relaxed);
  }

  // Counts one answer by its HTTP status.
  void count_answer(int status) {
    add(requests);
    if (status >= 500) {
      add(server_errors);
    } else if (status >= 400) {
      add(client_errors);
    }
  }

  // Calls `visit(name, value)` for each counter, in a fixed order; names suit a JSON object.
  template <typename Visit>
  void for_each(Visit visit) const {
    visit("requests", get(requests));
    visit("errors_4xx", get(client_errors));
    visit("errors_5xx", get(server_errors));
    visit("connections_accepted", get(connections_accepted));
    visit("connections_active", get(connections_active));
    visit("connections_refused", get(connections_refused));
    visit("threads", get(threads));
    visit("threads_peak", get(threads_peak));
    visit("threads_started", get(threads_started));
  }
};

}  // namespace service
