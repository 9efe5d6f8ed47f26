#!/usr/bin/python3
"""Compares server layers under the same load, interleaved: buffered, plain, a bare read/write loop.

Prints requests per second (median of the rounds) and the median of the ratios of each round, for ab
and for wrk, 8 keep-alive connections. Ratios of one round are taken seconds apart, so that a busy
machine slows both sides; the server's CPU time per request hardly depends on it.

  ratios.py build/bin/constant-server
  ratios.py build/bin/constant-server --service build/bin/leftpad-v2-optimized --rounds 9 --check

With several programs, each built with its own cpp-httplib (-DHTTPLIB_DIR=), it prints a table of
the ratios to the first one's plain mode, all taken in turn: what each library brings.

  ratios.py build/bin/constant-server build-18/bin/constant-server build-53/bin/constant-server
"""
import argparse
import contextlib
import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from base import ab, children  # noqa: E402
from base.errors import Failure, main_of  # noqa: E402
from base.paths import EXAMPLE_TARGET  # noqa: E402
from base.service import Server, Service  # noqa: E402

CLIENTS = 8
# (what, compared with, least ratio of the medians that --check takes)
GOALS = [("buffered", "plain", 1.35), ("buffered", "bare", 0.70), ("service", "buffered", 0.92)]


def run_ab(url, seconds):
    """(requests per second, requests)"""
    figures = ab.parse(output_of(ab.command(url, CLIENTS, seconds=seconds, quiet=True)))
    return figures["requests_per_second"], figures["requests"]


def run_wrk(url, seconds):
    """(requests per second, requests)"""
    text = output_of(["wrk", "-t", "1", "-c", str(CLIENTS), "-d", str(seconds), url])
    if "Non-2xx" in text or "Socket errors" in text:
        raise Failure(f"wrk on {url}", "no request may fail", f"It said: {text}")
    return (float(re.search(r"Requests/sec: +([\d.]+)", text).group(1)),
            int(re.search(r"(\d+) requests in", text).group(1)))


LOADS = {"ab": run_ab, "wrk": run_wrk}


def output_of(command):
    return children.must(command, "Run it by hand").stdout


def measure(load, servers, rounds, seconds):
    """{server: [(requests per second, CPU microseconds a request) of each round]}; every other
    round goes the other way, so that drift favours no server."""
    found = {name: [] for name in servers}
    for number in range(rounds):
        for name in list(servers)[::-1 if number % 2 else 1]:
            before = children.cpu_seconds(servers[name].pid)
            rate, requests = load(servers[name].url + EXAMPLE_TARGET, seconds)
            spent = children.cpu_seconds(servers[name].pid) - before
            found[name].append((rate, spent / requests * 1e6))
    return found


def report(title, figures):
    """Prints one load generator's figures; returns the goals that were missed."""
    missed = []
    rates = {name: [rate for rate, _ in runs] for name, runs in figures.items()}
    costs = {name: [cost for _, cost in runs] for name, runs in figures.items()}
    for name, values in rates.items():
        print(f"{title:4} {name:9} {statistics.median(values):9.0f} requests/s"
              f"   (from {min(values):.0f} to {max(values):.0f})"
              f"   {statistics.median(costs[name]):5.1f} us of CPU a request")
    for name, base, least in GOALS:
        if name not in rates:
            continue
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates[base]))
        cost = statistics.median(b / a for a, b in zip(costs[name], costs[base]))
        verdict = "ok" if ratio >= least else "missed"
        print(f"{title:4} {name} / {base} = {ratio:.2f}"
              f"   (goal {least:.2f}: {verdict}; by CPU time {cost:.2f})")
        if ratio < least:
            missed.append(f"{title}: {name} / {base} = {ratio:.2f}, goal {least:.2f}")
    return missed


def compare_libraries(programs, rounds, seconds):
    """Prints a Markdown table: each program's modes, as ratios to the first one's plain mode."""
    versions = [output_of([program, "version"]).strip() for program in programs]
    modes = ("plain", "buffered")
    print("| cpp-httplib |" + "".join(f" {mode}, {load} |" for load in LOADS for mode in modes))
    print("| --- |" + " --- |" * len(modes) * len(LOADS))
    with contextlib.ExitStack() as stack:
        servers = {(version, mode): stack.enter_context(Server([program, mode]))
                   for version, program in zip(versions, programs) for mode in modes}
        figures = {name: measure(load, servers, rounds, seconds) for name, load in LOADS.items()}
    for version in versions:
        cells = []
        for load in LOADS:
            base = figures[load][versions[0], "plain"]
            cells += [statistics.median(a / b for (a, _), (b, _)
                                        in zip(figures[load][version, mode], base))
                      for mode in modes]
        print(f"| {version} |" + "".join(f" {ratio:.2f} |" for ratio in cells))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="+", help="path of constant-server")
    parser.add_argument("--service", help="path of a service, compared with the constant answer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    options = parser.parse_args(arguments)
    with children.no_survivors(), contextlib.ExitStack() as stack:
        if len(options.program) > 1:
            compare_libraries(options.program, options.rounds, options.seconds)
            return 0
        servers = {mode: stack.enter_context(Server([options.program[0], mode]))
                   for mode in ("buffered", "plain", "bare")}
        if options.service:
            servers["service"] = stack.enter_context(
                Service(options.service, "--log-file=/dev/null", debug="off"))
        missed = []
        for title, load in LOADS.items():
            missed += report(title, measure(load, servers, options.rounds, options.seconds))
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    main_of(main)
