"""Prints the gist of a heaptrack recording: totals, and allocations by function of the service.

`python3 -m profiles.heaptrack REPORT FOLDED STAGE REQUESTS`: the output of heaptrack_print, its -F file, the
stage and the number of requests served while recording. Called by heaptrack.sh.
"""
import re
import sys
from pathlib import Path

from base.errors import Failure, main_of
from flame import tree

TOP = 10
TOTALS = ("calls to allocation functions", "peak heap memory consumption", "total memory leaked")


def totals(report):
    """[(label, value)] of the lines at the end of the report."""
    found = [(label, re.search(rf"^{label}: (\S+)", report, re.MULTILINE)) for label in TOTALS]
    if not all(match for _, match in found):
        raise Failure("heaptrack_print's report", f"it lacks a line of {', '.join(TOTALS)}",
                      "Run it by hand")
    return [(label, match[1]) for label, match in found]


def by_function(stacks):
    """[(function, allocations)]: each stack is charged to its innermost frame in the service's own code."""
    counts = {}
    for frames, count in stacks.items():
        own = [name for name, kind in frames if kind != tree.LIBRARY]
        name = tree.without_parameters(own[-1]) if own else "(libraries at start-up)"
        counts[name] = counts.get(name, 0) + count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def main(arguments):
    report, folded, stage, requests = arguments
    for label, value in totals(Path(report).read_text(encoding="utf-8", errors="replace")):
        print(f"  {label:<32}{value:>12}")
    stacks = tree.parse_folded(Path(folded).read_text(encoding="utf-8", errors="replace"), stage)
    print(f"\n  {'allocations':>12}{'per request':>13}  innermost function of the service")
    for name, count in by_function(stacks)[:TOP]:
        print(f"  {count:>12,}{count / int(requests):>13.1f}  {name}")


if __name__ == "__main__":
    sys.exit(main_of(main))
