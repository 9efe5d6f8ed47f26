"""What the slices say: an estimate with an interval for each figure, and whether it differs. Pure
functions.

Two processes, one of each stage, take turns. Of one process pair a figure is the median over its
blocks (A B B A, or B A A B) of ln(new / old): noise that is slower than a block hits both sides,
and lone outliers lose to the median. The process pairs are independent of one another (a new layout
in memory each time), so the interval is taken over them:
Hodges-Lehmann's estimate and Wilcoxon's signed-rank interval (Hollander, Wolfe and Chicken,
Nonparametric Statistical Methods, 3.2 and 3.3), which a process pair that went astray cannot drag
along. CONFIDENCE holds for all intervals of a comparison together (Bonferroni). A row differs if
its interval lies beyond MARGIN: where code lands in memory changes the speed of one and the same
source by up to that much.
"""
import collections
import dataclasses
import functools
import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

CONFIDENCE = 0.99
MARGIN = 0.005
# An effect of interval half-width times this, beyond the margin, shows in 4 of 5 comparisons (at
# 99.8 %: z 3.09 and 0.84).
POWER = 1.27
PRECISION = 1e-9  # of ln(new / old): a ten-millionth of a per cent
COMMON = 0.75  # a counter's common value is that of at least this part of the processes


@dataclass(frozen=True)
class Row:
    """One figure of both stages. old, new: a value for each process; ratios: ln(new / old) for each
    process pair.

    kind: "measured" (judged by its interval), "counted" (by its common value), or "shown" (not
    judged).
    """

    name: str
    metric: str
    unit: str
    old: tuple
    new: tuple
    ratios: tuple = ()
    kind: str = "measured"


@dataclass(frozen=True)
class Verdict:
    """A row judged. delta, low and high are parts of 1 (new / old - 1); None where there is no such
    number.

    exact: a counter whose common values are compared. odd: what single processes had instead, in
    words.
    """

    row: Row
    old: float
    new: float
    delta: float | None
    low: float | None
    high: float | None
    differs: bool
    exact: bool = False
    odd: list = field(default_factory=list)

    @property
    def would_show(self) -> float | None:
        """The change, as a part of 1, that would most likely have been reported; None if no
        interval could be had."""
        if self.low is None or self.exact:
            return None
        half = (math.log1p(self.high) - math.log1p(self.low)) / 2
        return math.expm1(math.log1p(MARGIN) + POWER * half)


def process_ratio(blocks: Iterable[Sequence[float]]) -> float:
    """The figure of one process pair: the median over its blocks of ln(new / old). blocks: pairs
    (old, new), above 0."""
    return statistics.median(math.log(new / old) for old, new in blocks)


def interval(values: Iterable[float], alpha: float) -> tuple[float, float | None, float | None]:
    """Hodges-Lehmann's estimate, and Wilcoxon's interval that misses with probability alpha; None,
    None if there are too few values."""
    ordered = sorted(values)
    count = len(ordered)
    averages = count * (count + 1) // 2
    middle = (_walsh(ordered, (averages + 1) // 2) + _walsh(ordered, averages // 2 + 1)) / 2
    rank = _rank(count, alpha)
    if rank < 1:
        return middle, None, None
    return middle, _walsh(ordered, rank), _walsh(ordered, averages + 1 - rank)


def lies_beyond(low: float, high: float, margin: float) -> bool:
    """Whether an interval of ln(new / old) lies beyond the margin, a part of 1, on either side."""
    return low > math.log1p(margin) or high < -math.log1p(margin)


def _walsh(ordered, number):
    """The number-th smallest of the averages of two values or of a value with itself (Walsh's), by
    halving the range down to PRECISION: there are too many to sort."""
    low, high = ordered[0], ordered[-1]
    while high - low > PRECISION:
        middle, below, right = (low + high) / 2, 0, len(ordered) - 1
        for left, value in enumerate(ordered):
            while right >= left and value + ordered[right] > 2 * middle:
                right -= 1
            if right < left:
                break
            below += right - left + 1
        low, high = (low, middle) if below >= number else (middle, high)
    return high


@functools.cache
def _rank(count, alpha):
    """Which Walsh average from either end bounds the interval: exact up to 60 values, normal
    beyond; 0 if none does."""
    if count > 60:
        spread = math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
        z = statistics.NormalDist().inv_cdf(1 - alpha / 2)
        return math.floor(count * (count + 1) / 4 - z * spread)
    ways = [1]  # in which the signed ranks above 0 add up to each sum
    for step in range(1, count + 1):
        ways = [one + other for one, other in zip(ways + [0] * step, [0] * step + ways)]
    reached = itertools.accumulate(ways)
    return sum(1 for _ in itertools.takewhile(lambda sums: sums <= alpha / 2 * 2**count, reached))


def common_value(values: Sequence[float]) -> float | None:
    """What nearly all processes have; None if they scatter."""
    value, count = collections.Counter(values).most_common(1)[0]
    return value if count >= COMMON * len(values) else None


def _odd_runs(side, values, common):
    odd = [value for value in values if value != common]
    if not odd:
        return []
    if len(set(odd)) > 3:
        return [f"{side}: {min(values):.7g} to {max(values):.7g}"]
    shown = ", ".join(f"{value:.7g}" for value in sorted(set(odd)))
    return [f"{len(odd)} of {len(values)} processes of {side} had {shown}"]


def change(old: float, new: float) -> float | None:
    """new / old - 1; None if old is 0 and new is not."""
    if old == new:
        return 0.0
    return new / old - 1 if old else None


def _counter(row):
    """Compares common values; without them, a counter differs if all processes of one side lie
    above the other's."""
    old, new = common_value(row.old), common_value(row.new)
    if old is None or new is None:
        if max(row.old) >= min(row.new) and max(row.new) >= min(row.old):
            return None
        old, new = statistics.median(row.old), statistics.median(row.new)
    delta = change(old, new)
    odd = _odd_runs("old", row.old, old) + _odd_runs("new", row.new, new)
    return Verdict(row, old, new, delta, delta, delta, old != new, exact=True, odd=odd)


def _measured(row, alpha):
    old, new = statistics.median(row.old), statistics.median(row.new)
    estimate, low, high = interval(row.ratios, alpha)
    if low is None:
        return Verdict(row, old, new, math.expm1(estimate), None, None, False)
    return Verdict(row, old, new, math.expm1(estimate), math.expm1(low), math.expm1(high),
                   lies_beyond(low, high, MARGIN))


def _scattered(row):
    """A counter without a common value is estimated as a time is, if it is never 0; else it is not
    judged."""
    if min(*row.old, *row.new) <= 0:
        return dataclasses.replace(row, kind="shown")
    ratios = tuple(math.log(new / old) for old, new in zip(row.old, row.new))
    return dataclasses.replace(row, ratios=ratios, kind="measured")


def _shown(row, alpha):
    if row.ratios:
        return dataclasses.replace(_measured(row, alpha), differs=False)
    old, new = statistics.median(row.old), statistics.median(row.new)
    return Verdict(row, old, new, change(old, new), None, None, False)


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """The verdicts, in the order of the rows."""
    counters = [_counter(row) if row.kind == "counted" else None for row in rows]
    rows = [_scattered(row) if row.kind == "counted" and not counter else row
            for row, counter in zip(rows, counters)]
    alpha = (1 - CONFIDENCE) / max(1, sum(row.kind == "measured" for row in rows))
    judges = {"measured": _measured, "shown": _shown}
    return [counter or judges[row.kind](row, alpha) for row, counter in zip(rows, counters)]
