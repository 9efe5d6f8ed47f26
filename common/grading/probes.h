// The probes of the labs: each runs a part of the stage and returns what it counted. Counts only,
// no times, so that two runs on any machine agree. Called by main.cpp; one probe a process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace grading {

using Metrics = std::map<std::string, std::int64_t>;
// Four capital letters each, no two alike, drawn by the grader for this process alone: the inputs.
using Words = std::vector<std::string>;
// What the stage said to each word while it was counted, by what was asked. The grader knows what
// is right.
using Answers = std::map<std::string, std::vector<std::string>>;

struct Counted {
  Metrics metrics;
  Answers answers;
};

// `<operation>.allocations` and `<operation>.bytes` of one call of each of the five operations, on
// the average over the words.
Counted operations(const Words& words);

// The same with inputs of other lengths: what a small string hides.
Counted inputs(const Words& words);

// What 1,000 log lines cost: `writes`, `allocations`, `allocations_under_lock`.
Counted logger(const Words& words);

// `write_blocks_others`: 1 if no other thread can log while a write(2) to the log is under way
// (takes 2 s if so); `lines_missing`: lines that were logged in this way and are not in the file.
Counted blocking(const Words& words);

// `live_bytes_growth`: live(2N) - live(N) bytes over N different requests.
Counted growth(const Words& words);

// `counters_share_a_line`: 1 if two of four threads count in one cache line;
// `counted_of_4_requests`: what their counters say after one request of each.
Counted sharing(const Words& words);

// `unusual_of_1000`: texts that the stage calls unusual when they become ten times as long; 56 is
// right. `last_url_is_shown`: 1 if it knows its last request.
Counted recent(const Words& words);

// Handle 500 requests, and 18,000, for a tool that counts instructions.
Counted first_requests(const Words& words);
Counted many_requests(const Words& words);

// `typical_length_when_most_are_4` and `…_40`: the median of the last 262,144 texts, which may be
// 8,192 requests old.
Counted typical(const Words& words);

// Runs one of the five operations on each word, for a tool that counts instructions.
Counted loop(const std::string& operation, const Words& words);

}  // namespace grading
