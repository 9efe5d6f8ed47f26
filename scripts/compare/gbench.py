"""Runs a benchmark program (Google Benchmark) once and reads its JSON. One process at a time."""
import json
import statistics
from dataclasses import dataclass

from base import children
from base.errors import Failure

RELEASE_BUILDS = ("Release", "RelWithDebInfo")
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# A short run, three times, with the benchmarks in random order: a burst of noise rarely hits all three.
MEASURE = (
    "--benchmark_min_time=0.03",
    "--benchmark_repetitions=3",
    "--benchmark_enable_random_interleaving=true",
    "--benchmark_format=json",
)
PROBE = ("--benchmark_min_time=0.001", "--benchmark_format=json")


@dataclass
class Sample:
    """One benchmark of one process: medians over its repetitions, per operation."""

    iterations: int
    time_ns: float
    bytes: int
    allocs: float


def parse(text):
    """(context, {name: Sample}) of Google Benchmark's JSON. Raises Failure on anything unusable."""
    try:
        document = json.loads(text)
        context, entries = document["context"], document["benchmarks"]
    except (ValueError, KeyError, TypeError):
        raise Failure(f"output '{text[:60]}'", "Google Benchmark's JSON is expected",
                      "Run: make build") from None
    runs = {}
    # Random interleaving mixes the order up; family_index is the order of the source.
    for entry in sorted(entries, key=lambda entry: entry.get("family_index", 0)):
        if entry.get("run_type") == "aggregate":
            continue
        if entry.get("error_occurred"):
            raise Failure(entry["name"], f"it failed: {entry.get('error_message')}",
                          "Mend the stage: make test")
        runs.setdefault(entry.get("run_name", entry["name"]), []).append(entry)
    return context, {name: _sample(name, group) for name, group in runs.items()}


def _sample(name, group):
    def median(key, scale=lambda entry: 1.0):
        return statistics.median(float(entry[key]) * scale(entry) for entry in group)

    try:
        return Sample(
            iterations=int(group[0]["iterations"]),
            time_ns=median("real_time", lambda entry: NANOSECONDS[entry["time_unit"]]),
            # Whole, as Go has it: a buffer that grows now and then, or digits of a time, make it a fraction.
            bytes=round(median("B/op")), allocs=median("allocs/op"),
        )
    except KeyError as missing:
        raise Failure(name, f"its counter {missing} is missing", "Run: make build") from None


def require_release(context, program):
    """Raises Failure unless the program was built with optimization."""
    build = context.get("build_type", "unknown")
    if build not in RELEASE_BUILDS:
        raise Failure(
            f"build type '{build}' of {program}",
            f"times of a build other than {' or '.join(RELEASE_BUILDS)} mean nothing",
            "Run: make clean build",
        )


def run(program, options=MEASURE):
    """The program's JSON text. Raises Failure if it fails."""
    done = children.run([program, *options])
    if done.status != 0:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise Failure(f"{program}", f"exit status {done.status}; it said: {last}",
                      "Run it by hand, or: make test")
    return done.stdout
