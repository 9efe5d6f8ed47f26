"""Tier 2: executed instructions, counted by callgrind, as the ratio of the starter to the learner's stage.

An empty environment, a fixed number of iterations and collection only inside the loop make the count of one
binary the same on every run of a machine; the ratio, rounded to one digit after the point, on every machine.
"""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from labs import starters
from labs.probes import Unavailable
from base.errors import Failure

ITERATIONS = 200
VALGRIND_SECONDS = 120


def count(program, operation):
    if shutil.which("valgrind") is None:
        raise Unavailable("valgrind is not installed: apt-get install valgrind")
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory, "callgrind.out")
        command = [
            "env", "-i", "PATH=/usr/bin:/bin", "valgrind", "--tool=callgrind",
            f"--callgrind-out-file={out}", "--collect-atstart=no",
            "--toggle-collect=grading::loop*",
            str(program), "loop", operation,
            str(ITERATIONS)
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=VALGRIND_SECONDS)
        if done.returncode != 0:
            raise Failure("valgrind", done.stderr.strip()[-200:], "Run: make doctor")
        return collected(done.stderr)


def collected(said):
    """The number in callgrind's own words."""
    found = re.search(r"Collected : (\d+)", said)
    if not found:
        raise Failure("valgrind", said.strip()[-200:], "Run: make doctor")
    return int(found[1])


def ratio(forge, lab, program):
    operation = lab.data["instructions"]["operation"]
    with starters.starter(lab) as folder:
        sick = forge.build(folder, "probe")
    try:
        slow = count(sick, operation)
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"callgrind takes more than {VALGRIND_SECONDS} s on this machine") from None
    return round(slow / count(program, operation), 1)
