"""The order of the runs: old new new old, and so on, so that drift and order favour no side."""
import time

from compare.progress import Progress

# With fewer, one slow run in ten hides a difference of 60 % (see tests/test_stats.py).
PAIRS_MINIMUM = 16
SIDES = ("old", "new")


def order(pair):
    """The sides of a pair, first to last: A B, then B A."""
    return SIDES if pair % 2 == 0 else SIDES[::-1]


def interleave(label, pairs, budget_seconds, measure, clock=time.monotonic):
    """Calls measure(side, pair) for every run; returns {side: [what measure returned]}.

    Ends early, with no fewer than PAIRS_MINIMUM pairs and after an even number, when the budget is used up.
    """
    results = {side: [] for side in SIDES}
    progress = Progress(label, pairs)
    start = clock()
    for pair in range(pairs):
        spent = clock() - start
        if pair >= PAIRS_MINIMUM and pair % 2 == 0 and spent * (pair + 2) / pair > budget_seconds:
            break
        for side in order(pair):
            results[side].append(measure(side, pair))
        progress.step()
    progress.close()
    return results
