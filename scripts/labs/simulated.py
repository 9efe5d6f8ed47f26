"""What callgrind says of a probe: instructions; misses of a simulated cache (lab 15), and whether
rare requests do the work of many (lab 17).

The last two are rounded so far that they are the same on every run and every machine.
"""
from collections.abc import Callable
from pathlib import Path

from base import callgrind
from labs import asking, running

VALGRIND_SECONDS = 120
ORDINARY, MANY, EXTRA = 500, 18_000, 200  # requests; see common/grading/probe_recent.cpp


def counted(program: Path, function: str, asked: tuple, *options: str, event: str = "Ir") -> int:
    """Of a probe, while the function runs; never 0. Raises Unavailable without valgrind, NoAnswer,
    subprocess.TimeoutExpired after VALGRIND_SECONDS."""
    running.need("valgrind")
    with callgrind.counting(function, *options, event=event) as (before, number):
        asking.probe(program, *asked, before=before, seconds=VALGRIND_SECONDS)
        found = number()
    if not found:
        raise asking.NoAnswer("callgrind", "nothing of the stage ran while it was counted",
                              "Does the stage end the program?")
    return found


def misses(programs: Callable[[str], Path]) -> dict:
    """Reads of one request that miss a first-level cache of 32 KiB, in whole thousands. Raises
    as `counted`."""
    missed = counted(programs("probe"), "grading::loop_over*", ("loop", "LeftpadHandler"),
                     *callgrind.CACHE, event="D1mr")
    return {"thousands_a_request": missed // asking.WORDS // 1000}


def tail(programs: Callable[[str], Path]) -> dict:
    """1 if MANY requests take more than MANY times an ordinary one and EXTRA: some are dear.
    Ordinary is the mean of the first ORDINARY. Raises as `counted`."""
    ordinary = counted(programs("probe"), "handle_requests", ("first", )) / ORDINARY
    many = counted(programs("probe"), "handle_requests", ("many", ))
    return {"rare_requests_are_dear": int(many > ordinary * (MANY + EXTRA))}
