"""Decides which rows differ. Pure functions on numbers; thread-safe.

The rule: runs of old and new are interleaved, so a slow spell of the machine hits both. For each timed row,
noise is what halves of one stage's own runs typically differ by (at least NOISE_MINIMUM).
p is the chance of such runs if old and new differed by no more than that noise: Mann-Whitney U after moving
old towards new by the noise, corrected over all timed rows (Holm, 1979). A row differs if p < ALPHA.
Counters that are the same in every run are compared exactly.
"""
import math
import random
import statistics
from dataclasses import dataclass

from scipy.stats import mannwhitneyu

ALPHA = 0.01
NOISE_MINIMUM = 0.03
SPLITS = 400
# The distance of 0 from anything else: finite, so that it can be computed with and written as JSON.
FAR = math.log(1e9)
RULE = {
    "test": "Mann-Whitney U beyond the noise, Holm-corrected over the timed rows; constant counters exactly",
    "alpha": ALPHA, "noise_minimum": NOISE_MINIMUM, "order": "ABBA",
}


@dataclass(frozen=True)
class Row:
    """One figure of both stages: a value for each run, in the order of the runs."""

    name: str
    metric: str
    unit: str
    old: tuple
    new: tuple


@dataclass(frozen=True)
class Verdict:
    """A row judged. old and new are medians; delta is new/old - 1, None if old is 0 and new is not."""

    row: Row
    old: float
    new: float
    delta: float | None
    p: float
    noise: float
    exact: bool

    @property
    def differs(self):
        return self.p < ALPHA


def spread(values):
    """Half of the interquartile range, as a part of the median; 0 for a median of 0."""
    middle = statistics.median(values)
    if len(values) < 2 or middle == 0:
        return 0.0
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    return (quartiles[2] - quartiles[0]) / 2 / abs(middle)


def delta(old, new):
    if old == new:
        return 0.0
    return new / old - 1 if old else None


def distance(one, other):
    """How far apart two figures are, the same in both directions: |ln(one / other)|."""
    if one == other:
        return 0.0
    return abs(math.log(one / other)) if one > 0 and other > 0 else FAR


def noise_of(values):
    """What two halves of one stage's runs typically differ by: of each two successive runs, one in each half, at random.

    So the halves are interleaved as old and new are. The random numbers are the same each time.
    """
    generator = random.Random(1)
    couples = list(zip(values[::2], values[1::2]))
    differences = []
    for _ in range(SPLITS):
        mixed = [couple if generator.random() < 0.5 else couple[::-1] for couple in couples]
        one, other = zip(*mixed)
        differences.append(distance(statistics.median(one), statistics.median(other)))
    return statistics.median(differences)


def p_beyond(old, new, noise):
    """The chance of such runs if the two sides differed by no more than noise (a distance)."""
    ascending = statistics.median(new) > statistics.median(old)
    factor = math.exp(noise if ascending else -noise)
    direction = "less" if ascending else "greater"
    test = mannwhitneyu([value * factor for value in old], new, alternative=direction)
    return min(1.0, 2 * float(test.pvalue))


def holm(ps):
    """Holm's step-down correction: p-values that hold for the whole family."""
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, ps[index] * (len(ps) - rank)))
        adjusted[index] = largest
    return adjusted


def is_exact(row):
    """True for a counter that every run of a side agrees on."""
    return row.metric in ("bytes", "allocs") and len(set(row.old)) == 1 and len(set(row.new)) == 1


def judge(rows):
    """The verdicts, in the order of the rows. Every side of a row needs at least two runs."""
    timed = [row for row in rows if not is_exact(row)]
    noises = [max(math.log1p(NOISE_MINIMUM), noise_of(row.old), noise_of(row.new)) for row in timed]
    ps = holm([p_beyond(row.old, row.new, noise) for row, noise in zip(timed, noises)])
    judged = {id(row): (p, math.expm1(noise)) for row, p, noise in zip(timed, ps, noises)}
    verdicts = []
    for row in rows:
        old, new = statistics.median(row.old), statistics.median(row.new)
        p, noise = judged.get(id(row), (1.0 if old == new else 0.0, 0.0))
        verdicts.append(Verdict(row, old, new, delta(old, new), p, noise, id(row) not in judged))
    return verdicts


def geomean(verdicts):
    """(old, new, delta, left out) over the rows that are above 0 on both sides; delta None if nothing differs."""
    usable = [verdict for verdict in verdicts if verdict.old > 0 and verdict.new > 0]
    left_out = len(verdicts) - len(usable)
    if not usable:
        return None, None, None, left_out
    old = statistics.geometric_mean(verdict.old for verdict in usable)
    new = statistics.geometric_mean(verdict.new for verdict in usable)
    differs = any(verdict.differs for verdict in usable)
    return old, new, delta(old, new) if differs else None, left_out
