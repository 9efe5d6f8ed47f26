// The probes of the labs: each runs a part of the stage and returns what it counted. Counts only,
// no times, so that two runs on any machine agree. Called by main.cpp; one probe a process.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace grading {

using Metrics = std::map<std::string, std::int64_t>;

// `<operation>.allocations` and `<operation>.bytes` of one call of each of the five operations.
Metrics operations();

// The same operations with inputs of other lengths: what a small string hides.
Metrics inputs();

// What 1,000 log lines cost: `writes`, `allocations`, `allocations_under_lock`.
Metrics logger();

// `write_blocks_others`: 1 if no other thread can log while a write(2) to the log is under way
// (takes 2 s if so); `lines_missing`: lines that were logged in this way and are not in the file.
Metrics blocking();

// `live_bytes_growth`: live(2N) - live(N) bytes over N different requests.
Metrics growth();

// `counters_share_a_line`: 1 if two of four threads count in one cache line;
// `counted_of_4_requests`: what their counters say after one request of each.
Metrics sharing();

// Runs one of the five operations `iterations` times, for a tool that counts instructions.
Metrics loop(const std::string& operation, int iterations);

}  // namespace grading
