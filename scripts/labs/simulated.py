"""What callgrind says of a service: misses of a simulated cache (lab 15), and whether rare requests
do the work of many (lab 17).

Both are rounded so far that they are the same on every run and every machine.
"""
from collections.abc import Callable
from pathlib import Path

from base import callgrind
from labs import asking, memory, running, tracing

REQUESTS = 100
# Of lab 17, whose every 8,192nd request is dear: what is made once is made in the first ones. Twice
# as many are counted: whoever does it more seldom shows what is too old (counters.typical).
FIRST, ORDINARY, MANY, EXTRA = 100, 500, 16_600, 50


def _counted_over(program, requests, *options, **how):
    """What the handler does in all of so many requests, for each of these numbers."""
    return [running.counted(program, callgrind.HANDLER,
                            lambda sock, more=count - 1: asking.ask_at_once(sock, more, 4),
                            *options, **how) for count in requests]


def misses(programs: Callable[[str], Path]) -> dict:
    """Reads of one request that miss a first-level cache of 32 KiB, in whole thousands, when the
    service remembers as many requests as it can. Raises as running.counted()."""
    program = programs("leftpad")
    tracing.must_run_as_counted(
        program, running.instructions(program, callgrind.CONNECTION, REQUESTS))
    first, all_of_them = _counted_over(program, (memory.WINDOW, memory.WINDOW + REQUESTS),
                                       *callgrind.CACHE, event="D1mr")
    return {"thousands_a_request": (all_of_them - first) // REQUESTS // 1000}


def tail(programs: Callable[[str], Path]) -> dict:
    """1 if MANY requests take more than MANY ordinary ones and EXTRA: some are dear. Raises as
    running.counted()."""
    first, some, all_of_them = _counted_over(
        programs("leftpad"), (FIRST, FIRST + ORDINARY, FIRST + MANY),
        alone=False)  # what a thread beside does keeps no request waiting
    ordinary = (some - first) / ORDINARY
    return {"rare_requests_are_dear": int(all_of_them - first > ordinary * (MANY + EXTRA))}
