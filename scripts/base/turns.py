"""The order of runs that are compared: A B B A, and so on, so that drift and order favour no
side."""
import contextlib
import math
import time

from base.console import Bar

# With fewer, one slow run in ten hides a difference of 60 % (see compare/tests/test_stats.py).
PAIRS_MINIMUM = 16
SIDES = ("old", "new")


def order(turn, sides=SIDES) -> tuple:
    """The sides of a turn, first to last: A B, then B A."""
    return tuple(sides if turn % 2 == 0 else reversed(sides))


def interleave(label, turns, budget_seconds, measure, *, sides=SIDES, least=PAIRS_MINIMUM,
               clock=time.monotonic) -> dict:
    """Calls measure(side, turn) for every run; returns {side: [what measure returned]}.

    Ends early, with no fewer than `least` turns and after an even number, when two more would take
    longer than the budget (None: there is no limit). Shows a bar, unless label is "".
    """
    results = {side: [] for side in sides}
    limit, start = math.inf if budget_seconds is None else budget_seconds, clock()
    with Bar(label, turns) if label else contextlib.nullcontext() as bar:
        for turn in range(turns):
            late = turn and (clock() - start) * (turn + 2) / turn > limit
            if late and turn >= least and turn % 2 == 0:
                break
            for side in order(turn, sides):
                results[side].append(measure(side, turn))
            if bar:
                bar.step()
    return results
