// Slices: a driver lets two live benchmark processes take turns of half a millisecond, so that
// whatever disturbs the machine disturbs both. Called by main() of bench-<stage> for --slices;
// scripts/compare/slices.py is the driver.
#pragma once

#include <iosfwd>
#include <vector>

#include "benchmarks/operations.h"

namespace service {

// Answers each line "ITERATIONS PLACE NAME" of `in` with one line of `out`:
//   CPU_NS WALL_NS BYTES ALLOCATIONS
// the processor time of this thread, real time, and what operator new gave, all for ITERATIONS
// calls of the operation (a sixteenth as many calls before them warm the caches and are not
// counted). PLACE, in bytes, is where in a page of 4096 bytes the stack of the slice begins: a loop
// is faster or slower by where its variables lie. Returns the exit status: 0 at the end of `in`, 2
// after a line that it cannot read, with the reason on standard error. One thread.
int run_slices(const std::vector<Operation>& operations, std::istream& in, std::ostream& out);

}  // namespace service
