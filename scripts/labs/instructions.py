"""Tier 2: executed instructions, counted by callgrind, as the ratio of the starter to the learner's
stage.

An empty environment, the words of one seed and collection only inside the loop make the count of
one binary the same on every run of a machine; the ratio, rounded to one digit after the point, on
every machine.
"""
import subprocess
from pathlib import Path

from base import callgrind
from labs import building, running, simulated, starters
from labs.catalog import Lab

REQUESTS = 100


def count(program: Path, operation: str) -> int:
    """Instructions of a probe's loop over the words. Raises as simulated.counted."""
    return simulated.counted(program, "grading::loop_over*", ("loop", operation))


def ratio(lab: Lab, operation: str, program: Path) -> float:
    """Instructions of the lab's sick stage as a multiple of the program's."""
    with starters.starter(lab) as folder:
        sick = building.program(folder, "probe")
    try:
        slow = count(sick, operation)
    except subprocess.TimeoutExpired:
        raise running.Unavailable(
            f"callgrind takes more than {simulated.VALGRIND_SECONDS} s on this machine") from None
    return round(slow / count(program, operation), 1)


def of_the_way(lab: Lab, program: Path) -> int:
    """How much of the instructions of a request that the lab's repair saves this service saves, per
    cent. The service cannot know that it is counted: it answers as always."""
    own = running.instructions(program, callgrind.CONNECTION, REQUESTS)
    with starters.starter(lab) as sick, starters.solution(lab) as repaired:
        before, after = (running.of_the_lab(building.program(folder, "leftpad"),
                                            callgrind.CONNECTION, REQUESTS)
                         for folder in (sick, repaired))
    return round(100 * (before - own) / (before - after))
