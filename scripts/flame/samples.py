"""How many samples stand behind a value of a profile, and which change two such numbers can carry.

The interval is Wilson's with continuity correction (Newcombe, Statistics in Medicine 17, 1998,
method 4) for the share that the new samples have in both profiles' samples, turned into a ratio.
It knows chance in sampling only: one capture of each says nothing of how much runs differ. Pure.
"""
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from base.raw import Profile
from flame import numbers

CONFIDENCE = 0.99
# A sum of n waits, which vary as exponential ones do, is as uncertain as a count of n / 2.
_WAITS = 2


@dataclass(frozen=True)
class Amount:
    """A value, the samples that it was made of, and the requests to divide it by."""

    value: float = 0
    samples: float = 0
    requests: float = 1
    varies: float = 1  # how many samples say as much as one would if all were equally large

    def __add__(self, other):
        return Amount(self.value + other.value, self.samples + other.samples, self.requests,
                      max(self.varies, other.varies))

    @property
    def each(self) -> float:
        """The value of one request."""
        return self.value / self.requests


def reader(profile: Profile, index: int) -> Callable[[list], Amount]:
    """A function: the values of an entry of the profile -> the Amount of the one at the index."""
    kinds = [kind for kind, _ in profile.types]
    family, _, what = kinds[index].rpartition("_")
    varies = _WAITS if kinds[index] == "delay" else 1
    if what in ("objects", "space"):
        objects, space = kinds.index(f"{family}_objects"), kinds.index(f"{family}_space")

        def seen(values):
            return _met(abs(values[objects]), abs(values[space]), profile.period)
    else:
        count = next((i for i, (_, unit) in enumerate(profile.types) if unit == "count"), index)
        by = (profile.period if kinds[count] == "contentions" else 1) or 1

        def seen(values):
            return abs(values[count]) / by
    return lambda values: Amount(values[index], seen(values), varies=varies)


def _met(objects, space, period):
    """The heap sampler meets an object of s bytes with the probability 1 - exp(-s / period), and
    scales up what it met."""
    if not objects or period <= 1:
        return objects
    return objects * -math.expm1(-space / objects / period)


def _share(part, rest):
    """Between which shares of the whole `part` may lie."""
    whole, z = part + rest, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

    def end(sign):
        root = z * z + sign * 2 - 1 / whole + 4 * part / whole * (rest + (1 if sign < 0 else -1))
        return (2 * part + z * z + sign * (1 + z * math.sqrt(max(0, root)))) / (2 * (whole + z * z))

    return end(-1) if part else 0.0, end(1) if rest else 1.0


def ratio(old: Amount, new: Amount) -> tuple[float, float]:
    """The least and the largest ratio of new to old, per request, at CONFIDENCE. inf without old
    samples."""
    varies = max(old.varies, new.varies)
    low, high = _share(new.samples / varies, old.samples / varies)
    # What a sample stands for; a side without samples would have had the other's.
    old_unit, new_unit = (side.samples and side.value / side.samples for side in (old, new))
    unit = (new_unit or old_unit) / new.requests / ((old_unit or new_unit) / old.requests)
    return low / (1 - low) * unit, high / (1 - high) * unit if high < 1 else math.inf


def change(old: Amount, new: Amount) -> str:
    """−83 % [−93, −63], or new, or ~ where the samples cannot carry a difference."""
    if not (old.value and old.samples or new.value and new.samples):
        return "~"
    low, high = ratio(old, new)
    if low <= 1 <= high:
        return "~"
    if not old.value:
        return "new"
    return numbers.estimate(new.each / old.each - 1, low - 1, high - 1)
