"""Lab 13: a way to compare, replayed on many runs of one unchanged program. Called by the grader
and by the command noise.

runs-of-one-program.json came from record(): 600 runs of bench-v2-optimized's LeftpadHandler, while
the machine compiled something else. The runs are in the order in which they were taken, so the
machine's slow spells are in them. A replay takes a stretch of them, calls some old and the others
new, and asks the procedure whether they differ. All random numbers have fixed seeds: a procedure
gets the same figures every time, on every machine.
"""
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import mannwhitneyu

from base import children, machine
from labs import paths

RUNS = paths.LABS / "13-the-noise-lab" / "runs-of-one-program.json"
PROCEDURE = "procedure.json"
REPLAYS = 200
LOOKS = 5  # how often "at the first difference" looks
EFFECTS = (1, 2, 3, 5, 10, 20, 30, 50, 70)  # per cent
EFFECT = 10  # the one that the lab asks for
VISIBLE = 0.8  # an effect is visible if this part of the replays finds it
CHOICES = {
    "clock": ("real", "cpu"), "order": ("blocks", "alternating"),
    "stop": ("at the end", "at the first difference")
}
RANGES = {"pairs": (2, 60), "p_below": (0.0, 1.0), "margin_percent": (0.0, 100.0)}


class Unusable(Exception):
    """The procedure cannot be replayed; the text says why."""


@dataclass(frozen=True)
class Procedure:
    """clock: which time is compared; order: all old runs first, or in turn (A B B A); pairs:
    runs of each side; they differ if p < p_below for differences beyond margin_percent; stop:
    when p is looked at."""

    clock: str
    order: str
    pairs: int
    p_below: float
    margin_percent: float
    stop: str


def read(stage_dir: Path) -> Procedure:
    """The stage's procedure.json. Raises Unusable."""
    try:
        given = json.loads(Path(stage_dir, PROCEDURE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{PROCEDURE}: {error}") from None
    if not isinstance(given, dict) or set(given) != {*CHOICES, *RANGES}:
        raise Unusable(f"{PROCEDURE} must have the fields {', '.join([*CHOICES, *RANGES])}")
    for name, choices in CHOICES.items():
        if given[name] not in choices:
            raise Unusable(f"{name} is {given[name]!r}, it must be one of {', '.join(choices)}")
    for name, (low, high) in RANGES.items():
        value = given[name]
        if type(value) not in (int, float) or not low <= value <= high:
            raise Unusable(f"{name} is {value!r}, it must be a number from {low} to {high}")
    if given["pairs"] != int(given["pairs"]):
        raise Unusable(f"pairs is {given['pairs']}, it must be whole")
    return Procedure(**{**given, "pairs": int(given["pairs"])})


def _share_out(stretches, order, turned):
    """(old, new): rows of runs, each shared out by the order; a turned row has the sides
    exchanged."""
    half = stretches.shape[1] // 2
    place = np.arange(2 * half)
    first = place < half if order == "blocks" else (place % 4 == 0) | (place % 4 == 3)
    one, other = stretches[:, first], stretches[:, ~first]
    return np.where(turned, other, one), np.where(turned, one, other)


def p_beyond(old: np.ndarray, new: np.ndarray, margin_percent: float) -> np.ndarray:
    """For each row the chance of such runs if they differed by no more than the margin:
    Mann-Whitney U, old moved towards new."""
    factor = 1 + margin_percent / 100
    rises = np.median(new, axis=1) > np.median(old, axis=1)
    towards = np.where(rises, factor, 1 / factor)[:, None]
    less, greater = (mannwhitneyu(old * towards, new, axis=1, alternative=side,
                                  method="asymptotic").pvalue for side in ("less", "greater"))
    return np.minimum(1, 2 * np.where(rises, less, greater))


def found_percent(procedure: Procedure, runs: dict, effect_percent: float) -> float:
    """In how many of 100 replays the procedure reports a difference, if new is faster by
    effect_percent."""
    values = np.array(runs[procedure.clock])
    generator = random.Random(1)
    length = 2 * procedure.pairs
    starts = [generator.randrange(len(values) - length + 1) for _ in range(REPLAYS)]
    turned = np.array([[generator.random() < 0.5] for _ in range(REPLAYS)])
    old, new = _share_out(np.array([values[at:at + length] for at in starts]), procedure.order,
                          turned)
    new = new * (1 - effect_percent / 100)
    looks = {procedure.pairs}
    if procedure.stop != "at the end":
        looks |= {max(2, procedure.pairs * look // LOOKS) for look in range(1, LOOKS)}
    found = np.zeros(REPLAYS, dtype=bool)
    for pairs in looks:  # with blocks, all old runs are there before the first new one
        shown = old if procedure.order == "blocks" else old[:, :pairs]
        found |= p_beyond(shown, new[:, :pairs], procedure.margin_percent) < procedure.p_below
    return round(100 * float(found.mean()), 1)


def measure(stage_dir: Path) -> dict:
    """The metrics of lab 13; only the first if the procedure cannot be replayed."""
    try:
        procedure = read(stage_dir)
    except Unusable:
        return {"procedure_is_usable": 0}
    runs = load()
    return {"procedure_is_usable": 1, "false_positives_percent": found_percent(procedure, runs, 0),
            f"finds_{EFFECT}_percent": found_percent(procedure, runs, EFFECT)}


def load(file: Path = RUNS) -> dict:
    """The runs of a file: times in ns by clock, in the order in which they were taken."""
    return json.loads(Path(file).read_text(encoding="utf-8"))


def record(program: Path, operation: str, count: int, out: Path) -> None:
    """Runs the benchmark `operation` of `program` again and again, one process each; writes what
    it took, in order."""
    options = (f"--benchmark_filter=^{operation}$", "--benchmark_min_time=0.03",
               "--benchmark_format=json")
    times = {"real": [], "cpu": []}
    start = time.monotonic()
    for _ in range(count):
        entry = json.loads(children.run([program, *options]).stdout)["benchmarks"][0]
        for clock in times:
            times[clock].append(round(entry[f"{clock}_time"], 2))
    about = {"program": Path(program).name, "operation": operation, "unit": "ns", "runs": count,
             "seconds": round(time.monotonic() - start), "machine": machine.facts(paths.ROOT)}
    lines = [f'"{name}": {json.dumps(value)}' for name, value in (about | times).items()]
    Path(out).write_text("{" + ",\n ".join(lines) + "}\n", encoding="utf-8")


def table(procedure: Procedure, runs: dict) -> list[str]:
    """Lines: what the procedure says of unchanged code, and of code that is faster."""
    false = found_percent(procedure, runs, 0)
    lines = [f"  unchanged code: reports a difference in {false:g} of 100 comparisons"]
    for effect in EFFECTS:
        found = found_percent(procedure, runs, effect)
        lines.append(f"  {effect:3} % faster:   reports a difference in {found:g} of 100")
        if found >= 100 * VISIBLE:
            break
    return lines
