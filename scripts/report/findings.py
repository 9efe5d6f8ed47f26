"""The article's findings as checks on real profiles. The report shows them; the walkthrough fails on them.

`python3 -m report.findings [--profiles DIR] [--compare DIR]` prints the table; exit 1 if a finding is not met.
Limits are wide: they tell a culprit from none, not one machine from another.
"""
import argparse
from dataclasses import dataclass
from pathlib import Path

from compare.errors import main_of
from report import attribution, inputs, numbers

# The culprits lead if they are more than half of what the application does ...
LEADS = 0.5
# ... and are gone from the top below this part of everything, and at most this part of before per request.
GONE = 0.2
REST = 1 / 3


@dataclass(frozen=True)
class Finding:
    """met: True, False, or None where there is nothing to judge by; then `missing` says what to run."""

    name: str
    rule: str
    old: str
    new: str
    met: bool | None
    missing: str = ""


def _missing(name, rule, command):
    return Finding(name, rule, "", "", None, command)


def _parts(capture, value):
    """(culprits, application, everything)"""
    totals = attribution.by_component(capture, value)
    culprits = sum(totals.get(name, 0) for name in attribution.CULPRITS)
    everything = sum(totals.values())
    return culprits, everything - totals.get(attribution.SERVER, 0), everything


def _culprits(data, kind, value, name, command):
    rule = "lead the application in the old stage, gone from the top in the new one"
    pair = data.pair(kind)
    if not pair:
        return _missing(name, rule, command)
    (old, old_application, old_all), (new, _, new_all) = (_parts(capture, value) for capture in pair)
    met = old_all > 0 and old > LEADS * old_application and new < GONE * new_all
    if pair[0].requests and pair[1].requests:
        met = met and new / pair[1].requests < REST * old / pair[0].requests
    return Finding(name, rule, f"{numbers.share(old, old_application)} of the application, {numbers.share(old, old_all)} of all",
                   f"{numbers.share(new, new_all)} of all", met)


def _logger_lock(data):
    name, rule = "Logger's mutex, waiting", "leads the old stage's lock waits, next to nothing in the new one"
    pair = data.pair("mutex")
    if not pair:
        return _missing(name, rule, "make profile-mutex")
    waits = []
    for capture in pair:
        totals = attribution.by_component(capture, "delay")
        waits.append((totals.get("logger", 0), sum(totals.values()), capture.requests or 1))
    (old, old_all, old_requests), (new, _, new_requests) = waits
    met = old > LEADS * old_all and new / new_requests < REST * old / old_requests
    return Finding(name, rule, f"{numbers.share(old, old_all)} of the waiting, {_per_request(old, pair[0])}",
                   _per_request(new, pair[1]), met)


def _per_request(nanoseconds, capture):
    if capture.requests:
        return f"{numbers.amount(nanoseconds / capture.requests, 'ns')} a request"
    return numbers.amount(nanoseconds, "ns")


def _throughput(data):
    name, rule = "Requests per second", "more in the new stage, beyond the noise"
    rows = [row for row in (data.comparison or {}).get("service", []) if row["metric"] == "requests_per_second"]
    if not rows:
        return _missing(name, rule, "make compare")
    row = rows[0]
    return Finding(name, rule, numbers.plain(row["old"]), numbers.plain(row["new"]), row["differs"] and row["new"] > row["old"])


def _allocations(data):
    name, rule = "Allocations in the benchmarks", "none has more, and their sum is at most a third"
    rows = [row for row in (data.comparison or {}).get("benchmarks", []) if row["metric"] == "allocs"]
    if not rows:
        return _missing(name, rule, "make compare")
    old, new = (sum(row[side] for row in rows) for side in ("old", "new"))
    met = all(row["new"] <= row["old"] for row in rows) and new <= REST * old
    return Finding(name, rule, f"{numbers.plain(old)} in {len(rows)}", f"{numbers.plain(new)} in {len(rows)}", met)


def judge(data):
    """All findings, in the order of the story."""
    return [
        _culprits(data, "cpu", "cpu", "leftpad, StatsD, logger: CPU time", "make profile-cpu"),
        _culprits(data, "allocs", "alloc_objects", "leftpad, StatsD, logger: allocations", "make profile-allocs"),
        _logger_lock(data),
        _allocations(data),
        _throughput(data),
    ]


def table(found, old, new):
    """The summary as lines of text."""
    words = {True: "yes", False: "NO", None: "not measured"}
    rows = [("finding", old, new, "met")]
    rows += [(each.name, each.old or "-", each.new or each.missing, words[each.met]) for each in found]
    rows = [tuple(cell.replace(numbers.THIN, " ") for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m report.findings", description=__doc__)
    parser.add_argument("--compare", type=Path, default=inputs.ROOT / "build" / "compare")
    parser.add_argument("--profiles", type=Path, default=inputs.ROOT / "build" / "profiles")
    parser.add_argument("--old", default="v1-naive")
    parser.add_argument("--new", default="v2-optimized")
    options = parser.parse_args(arguments)
    data = inputs.read(options.compare, options.profiles, options.old, options.new)
    found = judge(data)
    print("\n".join(table(found, data.old, data.new)))
    bad = [each for each in found if not each.met]
    for each in bad:
        print(f"not met: {each.name}: {each.rule}" if each.met is False else f"not measured: {each.name}. Run: {each.missing}")
    return 1 if bad else 0


if __name__ == "__main__":
    main_of(main)
