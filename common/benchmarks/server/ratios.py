#!/usr/bin/env python3
"""Compares server layers under the same load, interleaved: buffered, plain, a bare read/write loop.

Prints requests per second (median of the rounds) and the median of the ratios of each round, for ab and
for wrk, 8 keep-alive connections. Ratios of one round are taken seconds apart, so that a busy machine
slows both sides; the server's CPU time per request hardly depends on it.

  ratios.py build/bin/server-probe
  ratios.py build/bin/server-probe --service build/bin/leftpad-v2-optimized --rounds 9 --check
"""

import argparse
import contextlib
import os
import re
import shlex
import statistics
import subprocess
import sys

TARGET = "/v1/leftpad/?str=test&len=50&chr=*"
# (what, compared with, least ratio of the medians that --check takes)
GOALS = [("buffered", "plain", 1.35), ("buffered", "bare", 0.70), ("service", "buffered", 0.92)]


@contextlib.contextmanager
def running(command):
    """Starts a server and gives its URL and process id."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            if found := re.search(r"listening on (http://\S+)", line):
                yield found.group(1), process.pid
                break
        else:
            raise SystemExit(f"{shlex.join(command)} did not start")
    finally:
        process.terminate()
        process.wait(timeout=20)


def ab(url, seconds):
    command = ["ab", "-q", "-k", "-c", "8", "-t", str(seconds), "-n", "10000000", url + TARGET]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if not re.search(r"Failed requests: +0\n", text) or "Non-2xx" in text:
        raise SystemExit(f"{shlex.join(command)}: requests failed\n{text}")
    return (float(re.search(r"Requests per second: +([\d.]+)", text).group(1)),
            int(re.search(r"Complete requests: +(\d+)", text).group(1)))


def wrk(url, seconds):
    command = ["wrk", "-t", "1", "-c", "8", "-d", str(seconds), url + TARGET]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"{shlex.join(command)}: requests failed\n{text}")
    return (float(re.search(r"Requests/sec: +([\d.]+)", text).group(1)),
            int(re.search(r"(\d+) requests in", text).group(1)))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(load, servers, rounds, seconds):
    """(requests per second, CPU microseconds a request): a list for each server, one figure a round."""
    rates = {name: [] for name in servers}
    costs = {name: [] for name in servers}
    for index in range(rounds):
        order = list(servers) if index % 2 == 0 else list(reversed(servers))
        for name in order:
            url, pid = servers[name]
            before = cpu_seconds(pid)
            rate, requests = load(url, seconds)
            rates[name].append(rate)
            costs[name].append((cpu_seconds(pid) - before) / requests * 1e6)
    return rates, costs


def report(title, rates, costs):
    """Prints one load generator's figures; returns the goals that were missed."""
    missed = []
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
        print(
            f"{title:4} {name} / {base} = {ratio:.2f}   (goal {least:.2f}: {verdict}; by CPU time {cost:.2f})"
        )
        if ratio < least:
            missed.append(f"{title}: {name} / {base} = {ratio:.2f}, goal {least:.2f}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe", help="path of server-probe")
    parser.add_argument("--service", help="path of a service, compared with the constant answer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        servers = {mode: stack.enter_context(running([options.probe, mode]))
                   for mode in ("buffered", "plain", "bare")}
        if options.service:
            servers["service"] = stack.enter_context(
                running([options.service, "--port=0", "--debug-addr=off", "--log-file=/dev/null"]))
        missed = []
        for load in (ab, wrk):
            missed += report(load.__name__, *measure(load, servers, options.rounds,
                                                     options.seconds))
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
