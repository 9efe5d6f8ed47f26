"""Tier 2: executed instructions, counted by callgrind, as the ratio of the starter to the learner's
stage.

An empty environment, a fixed number of iterations and collection only inside the loop make the
count of one binary the same on every run of a machine; the ratio, rounded to one digit after the
point, on every machine.
"""
import subprocess
from pathlib import Path

from base import callgrind, children
from base.errors import Failure
from labs import building, running, starters
from labs.catalog import Lab

ITERATIONS = 200
VALGRIND_SECONDS = 120


def count(program: Path, operation: str) -> int:
    """Instructions of ITERATIONS of a probe's loop. Raises Unavailable without valgrind, Failure
    if it fails, subprocess.TimeoutExpired after VALGRIND_SECONDS."""
    running.need("valgrind")
    command = ["env", "-i", "PATH=/usr/bin:/bin", *callgrind.command("grading::loop*"), program,
               "loop", operation, ITERATIONS]
    done = children.run(command, VALGRIND_SECONDS)
    if done.status != 0:
        raise Failure("valgrind", done.stderr.strip()[-200:], "Run: make doctor")
    return callgrind.collected(done.stderr)


def ratio(lab: Lab, program: Path) -> float:
    """Instructions of the lab's sick stage as a multiple of the program's."""
    operation = lab.data["instructions"]["operation"]
    with starters.starter(lab) as folder:
        sick = building.program(folder, "probe")
    try:
        slow = count(sick, operation)
    except subprocess.TimeoutExpired:
        raise running.Unavailable(
            f"callgrind takes more than {VALGRIND_SECONDS} s on this machine") from None
    return round(slow / count(program, operation), 1)
