"""Tier 3: time. It informs and never decides, so nothing of it stands in the verdict's JSON.

Fifteen pairs of benchmark runs of the sick stage and of the learner's, in turn; before them as many pairs of the sick
stage with itself. Where those differ, the machine is too noisy and nothing is said. Switched off by LABS_TIME=0.
"""
import os
import statistics
import subprocess
import time

from compare import gbench
from labs import starters
from labs.forge import CompileError
from base.errors import Failure

PAIRS = 15
SECONDS = 14  # for all pairs; a busy machine gets no more
CLEAR = 12  # of 15 pairs: by chance in 2 of 100 cases
SAME = 0.10  # how far the median of a program against itself may be from 1
RUN = ("--benchmark_min_time=0.01", "--benchmark_format=json")


def operation(lab):
    return lab.data.get("time") or lab.data.get("instructions", {}).get("operation")


def wanted(lab):
    return operation(lab) is not None and os.environ.get("LABS_TIME") != "0"


def _nanoseconds(program, name):
    done = subprocess.run([str(program), f"--benchmark_filter=^{name}$", *RUN], capture_output=True,
                          text=True, check=True, timeout=SECONDS)
    _, samples = gbench.parse(done.stdout)
    return samples[name].time_ns


def _ratios(one, other, name, deadline):
    """Time of one divided by time of the other, for each pair; the order of a pair changes from pair to pair."""
    ratios = []
    for pair in range(PAIRS):
        if time.monotonic() > deadline:
            return None
        if pair % 2:
            below, above = _nanoseconds(other, name), _nanoseconds(one, name)
        else:
            above, below = _nanoseconds(one, name), _nanoseconds(other, name)
        ratios.append(above / below)
    return ratios


def sentence(same, pairs, name):
    """What the ratios say: of the sick stage with itself, and with the learner's. None: there was no time."""
    if same is None or pairs is None:
        return f"not judged: {2 * PAIRS} pairs took more than {SECONDS} s on this machine."
    middle = statistics.median(same)
    faster = sum(ratio > 1 for ratio in same)
    if not PAIRS - CLEAR < faster < CLEAR or abs(middle - 1) > SAME:
        return (
            f"not judged: the machine is noisy. The sick stage against itself: {middle:.2f} times as fast, "
            f"faster in {faster} of {PAIRS} pairs.")
    faster = sum(ratio > 1 for ratio in pairs)
    clear = "faster" if faster >= CLEAR else "slower" if faster <= PAIRS - CLEAR else "no clear difference"
    return f"{clear}: {name} is {statistics.median(pairs):.3g} times as fast as in the sick stage, faster in {faster} of {PAIRS} pairs."


def inform(forge, lab, programs):
    name = operation(lab)
    deadline = time.monotonic() + SECONDS
    try:
        with starters.starter(lab) as folder:
            sick = forge.build(folder, "bench")
        same = _ratios(sick, sick, name, deadline)
        return sentence(same, same and _ratios(sick, programs("bench"), name, deadline), name)
    except (CompileError, Failure, subprocess.SubprocessError):
        return "not judged: the benchmark does not build, crashed, hung or printed something else than its figures."
