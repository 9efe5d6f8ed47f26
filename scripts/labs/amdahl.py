"""Lab 12: what a learner says about a function and the service around it, held against executed
instructions.

callgrind counts what the service executes for a fixed number of requests on one connection: all
of it, and leftpad alone. It does not see the kernel, where much of a request's time goes. So
leftpad's share of the processor time is smaller than its share of the instructions: about half
in an idle machine, a third in a busy one.
"""
import functools
import json
import math
from pathlib import Path

from base import callgrind
from labs import building, catalog, running, starters, tracing
from labs.building import Programs
from labs.progress import UNUSABLE

ANSWER = "answer.json"
FIELDS = ("share_percent", "times_faster", "service_gain_percent")
REQUESTS = 200
LEFTPAD = "service::leftpad?abi*"
SHARE_FROM, SHARE_TO = 0.15, 1.25  # of the share of the instructions
FASTER_FACTOR = 3  # instructions are not nanoseconds
GAIN_POINTS = 0.3  # for rounding
WORTH_PERCENT = 4  # the repaired service executes at least this much less


@functools.cache
def reference() -> tuple:
    """(share of leftpad in per cent, times faster, the sick service's instructions, the gain in
    per cent) of the lab itself."""
    lab = catalog.find(12)
    with starters.starter(lab) as sick, starters.solution(lab) as repaired:
        before, after = building.program(sick, "leftpad"), building.program(repaired, "leftpad")
    part, repaired_part, whole, repaired = (
        running.of_the_lab(program, function, REQUESTS) for program, function in (
            (before, LEFTPAD), (after, LEFTPAD), (before, callgrind.CONNECTION),
            (after, callgrind.CONNECTION)))
    return 100 * part / whole, part / repaired_part, whole, 100 * (whole / repaired - 1)


def law(share_percent: float, times_faster: float) -> float:
    """Amdahl, 1967: how much more the whole does, in per cent, if a share of it becomes faster."""
    share = share_percent / 100
    return 100 * (1 / (1 - share + share / times_faster) - 1)


def _answer(stage_dir):
    """The three numbers, or None: not filled in, or not usable."""
    try:
        given = json.loads(Path(stage_dir, ANSWER).read_text(encoding="utf-8"))
        numbers = [float(given[name]) for name in FIELDS]
    except UNUSABLE:
        return None
    share, faster, _ = numbers
    return numbers if all(map(math.isfinite, numbers)) and 0 < share < 100 and faster >= 1 else None


def measure(programs: Programs) -> dict:
    """The group `amdahl` of the counters."""
    share, faster, before, gain = reference()
    own = running.instructions(programs("leftpad"), callgrind.CONNECTION, REQUESTS)
    own_gain = 100 * (before / own - 1)
    if own_gain >= WORTH_PERCENT:
        tracing.must_run_as_counted(programs("leftpad"), own)
    answer = _answer(programs.stage_dir)
    said_share, said_faster, said_gain = answer or (math.nan, ) * 3  # which agrees with nothing
    return {
        "request_gain_percent": round(gain), "repaired": int(own_gain >= WORTH_PERCENT),
        "answer_is_filled_in": int(answer is not None),
        "share_agrees": int(SHARE_FROM * share <= said_share <= SHARE_TO * share),
        "times_faster_agrees": int(faster / FASTER_FACTOR <= said_faster <= faster * FASTER_FACTOR),
        "gain_follows": int(abs(said_gain - law(said_share, said_faster)) <= GAIN_POINTS)
    }
