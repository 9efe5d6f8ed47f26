"""Tier 3: time. It informs and never decides, so nothing of it stands in the verdict's JSON.

The sick stage and the learner's take turns, as in `make compare`. Switched off by LABS_TIME=0.
"""
import os

from base import sandbox
from base.errors import Failure
from compare import estimate, slices
from labs import building, starters
from labs.building import Programs
from labs.catalog import Lab

SECONDS = 8
BENCH_SECONDS = 120


def operation(lab: Lab) -> str | None:
    """The benchmark whose time is told, if there is one."""
    counted = [spec["operation"] for spec in lab.data.get("instructions", [])
               if "operation" in spec]
    return lab.data.get("time") or next(iter(counted), None)


def wanted(lab: Lab) -> bool:
    """Whether a time is to be told."""
    return operation(lab) is not None and os.environ.get("LABS_TIME") != "0"


def sentence(ratios: list[float], name: str) -> str:
    """What the process pairs say; ratios: ln(learner's time / sick time) of each."""
    verdict = estimate.judge([estimate.Row(name, "time", "ns/op", (1.0, ), (1.0, ),
                                           tuple(ratios))])[0]
    if not verdict.differs:
        return f"not decided: a change of {name} above {verdict.would_show:.0%} would have shown."
    times = sorted(1 / (1 + part) for part in (verdict.low, verdict.high))
    word = "faster" if verdict.delta < 0 else "slower"
    return (f"{word}: {name} is {1 / (1 + verdict.delta):.3g} times as fast as in the sick stage "
            f"[{times[0]:.3g}, {times[1]:.3g}].")


def _box(program):
    return sandbox.words(BENCH_SECONDS, [program])


def inform(lab: Lab, programs: Programs) -> str:
    """The sentence for a lab's operation, from a measurement of SECONDS."""
    name, runs = operation(lab), []
    try:
        with starters.starter(lab) as folder:
            built = {"old": building.program(folder, "bench"), "new": programs("bench")}
        iterations = slices.calibrated(built, [name], _box)
        slices.measure(built, iterations, [name], SECONDS, lambda _: None, runs, box=_box)
    except (building.CompileError, Failure):
        return "not judged: the benchmark does not build, crashed or hung."
    return sentence([estimate.process_ratio([(block[0], block[2]) for block in run[name].blocks])
                     for run in runs], name)
