"""Both services alive at once: slices of ab's requests in turn, then a load at a fixed rate; then
two new processes.

ab is a closed loop, which finds how much a service can take. Latency is measured at a fixed rate
(open-loop-load), from the moment at which a request is due, so that a stall counts for all requests
that it delays. Loopback only.
"""
import contextlib
import math
import os
import random
import statistics
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from base import ab, children, open_loop, paths, service
from compare import estimate, slices

CLIENTS = 8
REQUESTS = 500  # of a slice
BLOCKS = 6
RATE_PER_SECOND = 2000
RATE_SECONDS = 0.25


@dataclass
class PairRun:
    """What one pair of services measured.

    blocks: for each block [old requests/s, old µs of processor a request, new …, new …]; latencies:
    {side: sorted ms}; service_seconds: processor time of both services; all_seconds: and of their
    load.
    """

    blocks: list = field(default_factory=list)
    latencies: dict = field(default_factory=dict)
    service_seconds: float = 0.0
    all_seconds: float = 0.0


def _ab_slice(running, folder):
    """(requests/s, µs of the service's processor time a request) of one ab run."""
    before = children.cpu_seconds(running.pid)
    command = ab.command(running.url + paths.EXAMPLE_TARGET, CLIENTS, requests=REQUESTS)
    figures = ab.parse(ab.load(command, folder / "ab.txt", "Does the service run? Run: make test"))
    spent = max(1e-9, children.cpu_seconds(running.pid) - before)  # above 0: its logarithm is taken
    return figures["requests_per_second"], spent / figures["requests"] * 1e6


def _latencies(running, values):
    """Sorted latencies in ms of a load at a fixed rate."""
    open_loop.run(open_loop.command(running.url, RATE_PER_SECOND, RATE_SECONDS, CLIENTS, values))
    return [float(line) / 1e3 for line in values.read_text().split()]


def run_pair(programs: dict, folder: Path, generator: random.Random) -> PairRun:
    """Two new services: BLOCKS blocks of ab slices, then a load at a fixed rate on each."""
    run = PairRun()
    with contextlib.ExitStack() as stack:
        running = {side: stack.enter_context(service.Service(programs[side], debug="off"))
                   for side in generator.sample(slices.SIDES, 2)}
        for side in generator.sample(slices.SIDES, 2):
            _ab_slice(running[side], folder)
        for _ in range(BLOCKS):
            figures = {side: [0.0, 0.0] for side in slices.SIDES}
            for side in generator.choice(slices.ORDERS):
                rate, cpu = _ab_slice(running[side], folder)
                figures[side][0] += 0.5 / rate
                figures[side][1] += cpu / 2
            run.blocks.append([value for side in slices.SIDES
                               for value in (1 / figures[side][0], figures[side][1])])
        for side in generator.sample(slices.SIDES, 2):
            run.latencies[side] = _latencies(running[side], folder / "values.txt")
        run.service_seconds = sum(children.cpu_seconds(one.pid) for one in running.values())
        for one in running.values():
            one.must_stop()
    return run


def measure(programs: dict, seconds: float, folder: Path, at: Callable[[float], None],
            runs: list) -> None:
    """Appends PairRuns of the services to `runs`, as slices.in_turn()."""
    def run(pair, generator):
        before = os.times()
        # No copies for the first, which names the file that fails.
        found = run_pair(pair if runs else programs, folder, generator)
        found.all_seconds = sum(os.times()[2:4]) - sum(before[2:4])  # user and system, of children
        return found
    slices.in_turn(run, programs, seconds, at, runs)


def shown_commands(programs: dict) -> list[list]:
    """What a learner would type to repeat a slice by hand."""
    url = "http://127.0.0.1:8080"
    return [[program, "--port", "8080", "--debug-addr", "off"]
            for program in programs.values()] + [
                ab.command(url + paths.EXAMPLE_TARGET, CLIENTS, requests=REQUESTS),
                open_loop.command(url, RATE_PER_SECOND, RATE_SECONDS, CLIENTS)]


def explanation(runs: list) -> list[str]:
    """How the figures of the service were made, in a few lines."""
    load_share = 1 - sum(run.service_seconds for run in runs) / sum(run.all_seconds for run in runs)
    requests = sum(len(run.latencies["old"]) for run in runs)
    text = (f"service: {len(runs)} pairs of processes; no failed request. requests/s and "
            f"CPU/request under ab -k -c {CLIENTS} (a closed loop), which itself took "
            f"{load_share:.0%} of the processor time of both. Latency at {RATE_PER_SECOND} "
            "requests/s, from the moment at which each was due (open loop); p99.9 and max of all "
            f"{requests:,} together.")
    return textwrap.wrap(text, 92, subsequent_indent="   ")


def rows(runs: list) -> list[estimate.Row]:
    """The service's rows: requests/s and processor time of ab's slices, latency at the fixed rate.

    p99.9 and max are those of all pairs together: one stall anywhere shows. Their intervals would
    promise too much.
    """
    found = []
    for metric, unit, old, new in (("requests_per_second", "req/s", 0, 2), ("cpu_us", "µs/req", 1,
                                                                            3)):
        values = [(statistics.median(block[old] for block in run.blocks),
                   statistics.median(block[new] for block in run.blocks)) for run in runs]
        ratios = (estimate.process_ratio([(block[old], block[new]) for block in run.blocks])
                  for run in runs)
        found.append(estimate.Row("service", metric, unit, *zip(*values), tuple(ratios)))
    for metric, part in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        old, new = (tuple(quantile(run.latencies[side], part)
                          for run in runs)
                    for side in slices.SIDES)
        ratios = tuple(math.log(after / before) for before, after in zip(old, new))
        found.append(estimate.Row("service", metric, "ms", old, new, ratios))
    together = {side: sorted(value for run in runs for value in run.latencies[side])
                for side in slices.SIDES}
    for metric, part in (("p999_ms", 0.999), ("max_ms", 1.0)):
        found.append(estimate.Row("service", metric, "ms", *(
            (quantile(together[side], part),) for side in slices.SIDES), kind="shown"))
    return found


def quantile(ordered: list, part: float) -> float:
    """The smallest value that at least `part` of them do not exceed."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]
