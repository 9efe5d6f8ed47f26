"""The order of runs that are compared: A B B A, and so on, so that drift and order favour no
side."""


def order(turn, sides) -> tuple:
    """The sides of a turn, first to last: A B, then B A."""
    return tuple(sides if turn % 2 == 0 else reversed(sides))


def interleave(turns, sides, measure) -> dict:
    """Calls measure(side, turn) for every run; returns {side: [what measure returned]}."""
    results = {side: [] for side in sides}
    for turn in range(turns):
        for side in order(turn, sides):
            results[side].append(measure(side, turn))
    return results
