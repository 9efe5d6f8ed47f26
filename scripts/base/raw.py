"""Reads the text that `pprof -raw` prints: every sample with its whole stack, inlined frames
included.

The format is that of Profile.String() in github.com/google/pprof/profile.
"""
import re
from dataclasses import dataclass, field

from base.errors import Failure

_SAMPLE = re.compile(r"^\s*(-?\d+(?:\s+-?\d+)*):((?:\s+\d+)+)\s*$")
_LOCATION = re.compile(r"^\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)$")
_LINE = re.compile(r"^(?P<name>.*?) (?P<file>\S*):(?P<line>\d+)(?::\d+)? s=\d+(?:\(.*\))?$")


@dataclass(frozen=True)
class Frame:
    """One function on a stack, as pprof -raw names it."""

    name: str
    file: str
    line: int


@dataclass
class Profile:
    """What pprof -raw says of a profile."""

    types: list  # (type, unit) of each value
    default: int = -1  # index of the value that pprof shows first
    period: float = 1  # of the sampler: bytes or nanoseconds a sample, or 1 of so many events
    samples: list = field(default_factory=list)  # (values, frames from the root to the leaf)

    def index_of(self, name: str) -> int:
        """The index of a sample type by name; the default one for an empty name."""
        if not name:
            return self.default
        names = [kind for kind, _ in self.types]
        if name not in names:
            raise Failure(f"sample type '{name}'", f"the profile has {', '.join(names)}",
                          "Choose one of these")
        return names.index(name)


def _frame(text):
    if found := _LINE.match(text.strip()):
        return Frame(found["name"], found["file"], int(found["line"]))
    return Frame(text.strip().removesuffix(" s=0").strip() or "[unknown]", "", 0)


def parse(text: str) -> Profile:
    """The Profile of pprof's -raw output. Raises Failure if it is something else."""
    head, found, rest = text.partition("\nSamples:\n")
    if not found:
        raise Failure("the output of pprof -raw", "it has no samples section",
                      "Is the file a profile?")
    body, _, rest = rest.partition("\nLocations\n")
    locations, frames = {}, []
    for line in rest.partition("\nMappings\n")[0].splitlines():
        if found := _LOCATION.match(line):
            frames, line = locations.setdefault(found[1], []), found[2]
        if line.strip():
            frames.append(_frame(line))
    first, *lines = body.splitlines()
    names = first.split()
    default = next((i for i, name in enumerate(names) if name.endswith("[dflt]")), len(names) - 1)
    period = re.search(r"^Period: (\d+)$", head, re.MULTILINE)
    profile = Profile([tuple(name.removesuffix("[dflt]").split("/", 1)) for name in names], default,
                      float(period[1]) if period else 1)
    for line in lines:
        if found := _SAMPLE.match(line):  # else a line of labels
            values = [int(word) for word in found[1].split()]
            # Leaf first in the file, and within a location the innermost inlined frame first.
            leaf_first = [frame for number in found[2].split() for frame in locations[number]]
            profile.samples.append((values, leaf_first[::-1]))
    return profile
