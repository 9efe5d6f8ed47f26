"""Lab 13: a way to compare, replayed on a recorded comparison of one program with itself. Called
by the grader and by the command noise.

The recording is slices.json as `make compare OLD=v2-optimized NEW=v2-optimized
FILTER=LeftpadHandler` wrote it while the machine compiled. A replay takes a stretch of its process
pairs, calls some processes old and others new, and asks the procedure whether they differ. All
random numbers have fixed seeds: a procedure gets the same figures every time, on every machine.
"""
import json
import math
import random
import statistics
from dataclasses import dataclass
from pathlib import Path

from compare import estimate
from labs import paths
from labs.progress import UNUSABLE

RECORDED = paths.LABS / "13" / "slices-of-one-program.json"
PROCEDURE = "procedure.json"
MOST_NS = 1e18  # of an operation
REPLAYS = 200
LOOKS = 5  # how often "at the first difference" looks
EFFECTS = (1, 2, 3, 5, 10, 20, 30, 50, 70)  # per cent
EFFECT = 2  # the one that the lab asks for
VISIBLE = 0.8  # an effect is visible if this part of the replays finds it
CHOICES = {
    "clock": ("wall", "cpu"), "turns": ("all old, then all new", "processes", "slices"),
    "stop": ("at the end", "at the first difference")
}
RANGES = {"pairs": (5, 60), "confidence_percent": (50.0, 99.99), "margin_percent": (0.0, 100.0)}


class Unusable(Exception):
    """The procedure cannot be replayed, or there is nothing to replay; the text says why."""


@dataclass(frozen=True)
class Procedure:
    """clock: which time is compared; turns: what takes turns; pairs: of processes; they differ if
    the interval at this confidence lies beyond the margin; stop: when that is looked at."""

    clock: str
    turns: str
    pairs: int
    confidence_percent: float
    margin_percent: float
    stop: str


def read(stage_dir: Path) -> Procedure:
    """The stage's procedure.json. Raises Unusable."""
    try:
        given = json.loads(Path(stage_dir, PROCEDURE).read_text(encoding="utf-8"))
    except UNUSABLE as error:
        raise Unusable(f"{PROCEDURE}: {getattr(error, 'strerror', '') or error}") from None
    if not isinstance(given, dict) or set(given) != {*CHOICES, *RANGES}:
        raise Unusable(f"{PROCEDURE} must have the fields {', '.join([*CHOICES, *RANGES])}")
    for name, choices in CHOICES.items():
        if given[name] not in choices:
            raise Unusable(f"{name} is {given[name]!r}, it must be one of {', '.join(choices)}")
    for name, (low, high) in RANGES.items():
        value = given[name]
        if type(value) not in (int, float) or not low <= value <= high:
            raise Unusable(f"{name} is {value!r}, it must be a number from {low:g} to {high:g}")
    if given["pairs"] != int(given["pairs"]):
        raise Unusable(f"pairs is {given['pairs']}, it must be whole")
    return Procedure(**{**given, "pairs": int(given["pairs"])})


def load(file: Path = RECORDED) -> list:
    """The blocks of each process pair of a slices.json, of its first benchmark: lists of [old cpu,
    old wall, new cpu, new wall], ns/op. Raises Unusable."""
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
        name = [*document["iterations"]["old"]][0]
        pairs = [pair[name]["blocks"] for pair in document["pairs"]]
        if not all(pairs) or not all(len(block) == 4 and all(0 < time < MOST_NS for time in block)
                                     for blocks in pairs for block in blocks):
            raise ValueError("a pair without blocks of four times")
    except UNUSABLE as error:
        raise Unusable(f"it cannot be read: {error!r}") from None
    return pairs


def _ratios(procedure, recorded):
    """For each process pair of the recording that a comparison can begin with, and has all of its
    pairs: ln(new / old) of each pair."""
    count, clock = procedure.pairs, ("cpu", "wall").index(procedure.clock)
    if procedure.turns == "slices":
        each = [estimate.process_ratio([(block[clock], block[clock + 2]) for block in blocks])
                for blocks in recorded]
        return [each[at:at + count] for at in range(len(each) - count + 1)]
    runs = [math.log(statistics.median(block[clock] for block in blocks)) for blocks in recorded]
    distance, step = (count, 1) if procedure.turns == "all old, then all new" else (1, 2)
    return [[runs[at + step * pair + distance] - runs[at + step * pair] for pair in range(count)]
            for at in range(len(runs) - 2 * count + 1)]


def differs(procedure: Procedure, ratios: list) -> bool:
    """What the procedure says of ln(new / old) of each pair."""
    counts = {len(ratios)}
    if procedure.stop == "at the first difference":
        counts |= {len(ratios) * look // LOOKS for look in range(1, LOOKS)}
    for count in counts:
        _, low, high = estimate.interval(ratios[:count], 1 - procedure.confidence_percent / 100)
        if low is not None and estimate.lies_beyond(low, high, procedure.margin_percent / 100):
            return True
    return False


def found_percent(procedure: Procedure, recorded: list, effect_percent: float) -> float:
    """In how many of 100 replays the procedure reports a difference, if new is faster by
    effect_percent."""
    stretches, generator = _ratios(procedure, recorded), random.Random(1)
    effect, found = math.log1p(-effect_percent / 100), 0
    for _ in range(REPLAYS):
        side = generator.choice((-1, 1))  # which of the two is called new
        ratios = [side * ratio + effect for ratio in generator.choice(stretches)]
        found += differs(procedure, ratios)
    return round(100 * found / REPLAYS, 1)


def measure(stage_dir: Path) -> dict:
    """The metrics of lab 13; only the first if the procedure cannot be replayed."""
    try:
        procedure = read(stage_dir)
    except Unusable:
        return {"procedure_is_usable": 0}
    recorded = load()
    return {"procedure_is_usable": 1,
            "false_positives_percent": found_percent(procedure, recorded, 0),
            f"finds_{EFFECT}_percent": found_percent(procedure, recorded, EFFECT)}


def table(procedure: Procedure, recorded: list) -> list[str]:
    """Lines: what the procedure says of unchanged code, and of code that is faster."""
    false = found_percent(procedure, recorded, 0)
    lines = [f"  unchanged code: reports a difference in {false:g} of 100 comparisons"]
    for effect in EFFECTS:
        found = found_percent(procedure, recorded, effect)
        lines.append(f"  {effect:3} % faster:   reports a difference in {found:g} of 100")
        if found >= 100 * VISIBLE:
            break
    return lines
