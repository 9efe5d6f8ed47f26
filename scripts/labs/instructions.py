"""Tier 2: executed instructions, counted by callgrind, as the ratio of the starter to the learner's
stage.

An empty environment, the words of one seed and collection only inside the loop make the count of
one binary the same on every run of a machine; the ratio, rounded to one digit after the point, on
every machine.
"""
import subprocess
from pathlib import Path

from base import callgrind
from labs import asking, building, running, starters, tracing
from labs.catalog import Lab

VALGRIND_SECONDS = 120
LOOP = "grading::loop_over*"  # of common/grading
REQUESTS = 100


def count(program: Path, operation: str) -> int:
    """Instructions of a probe's loop over the words; never 0. Raises as running.counting(),
    subprocess.TimeoutExpired after VALGRIND_SECONDS."""
    with running.counting(program, LOOP) as (before, number):
        asking.probe(program, "loop", operation, before=before, seconds=VALGRIND_SECONDS)
        found = number()
    if not found:
        raise asking.NoAnswer("callgrind", "nothing of the stage ran while it was counted",
                              "Does the stage end the program?")
    return found


def ratio(lab: Lab, operation: str, program: Path) -> float:
    """Instructions of the lab's sick stage as a multiple of the program's."""
    with starters.starter(lab) as folder:
        sick = building.program(folder, "probe")
    try:
        slow = count(sick, operation)
    except subprocess.TimeoutExpired:
        raise running.OwnFault(
            f"callgrind takes more than {VALGRIND_SECONDS} s on this machine") from None
    return round(slow / count(program, operation), 1)


def of_the_way(lab: Lab, spec: dict, program: Path) -> int:
    """How much of the instructions of a request that the lab's repair saves this service saves, per
    cent."""
    with starters.starter(lab) as sick, starters.solution(lab) as repaired:
        before, after = (
            _of_a_request(running.of_the_lab, spec, building.program(folder, "leftpad"))
            for folder in (sick, repaired))
    own = _of_a_request(running.instructions, spec, program)
    saved = round(100 * (before - own) / (before - after))
    if saved >= spec["min_percent"] and "less" not in spec:  # else there are too many steps
        tracing.must_run_as_counted(program, own, **spec.get("request", {}))
    return saved


def _of_a_request(counted, spec, program):
    """Of the one that the spec asks for; if it has two, of the handler, and by how many they
    differ."""
    if "less" not in spec:
        return counted(program, callgrind.CONNECTION, REQUESTS, **spec.get("request", {}))
    more, less = (counted(program, callgrind.HANDLER, REQUESTS, **spec[which])
                  for which in ("request", "less"))
    return more - less
