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

// `<operation>.allocations` and `<operation>.bytes` of one call of each of the six operations, on
// the average over the words.
Counted operations(const Words& words);

// The same with inputs of other lengths: what a small string hides.
Counted inputs(const Words& words);

// What 1,000 log lines cost: `writes`, `allocations`.
Counted logger(const Words& words);

// `live_bytes_growth`: live(2N) - live(N) bytes over N different requests.
Counted growth(const Words& words);

// Runs one of the six operations on each word, for a tool that counts instructions.
Counted loop(const std::string& operation, const Words& words);

}  // namespace grading
