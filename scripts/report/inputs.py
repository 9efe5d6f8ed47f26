"""Finds and reads what the report is made of. What is missing is None or absent, never an error.

Used by cli.py and findings.py. A capture is build/profiles/STAGE/KIND.pb.gz, with KIND.about.json
beside it; a comparison is build/compare/compare.json, with latencies.json. Only this file knows
their keys.
"""
import json
import math
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from base import raw, stages, tools
from base.commandline import Options, Parser
from base.errors import Failure
from base.paths import BUILD, PPROF, PROFILES
from flame import numbers, stacks
from profiles import pprof, record
from compare import result

KINDS = ("cpu", "allocs", "heap", "mutex", "threads")


@dataclass(frozen=True)
class Capture:
    """One profile. requests: how many were served in the capture; None if nobody counted."""

    path: Path
    stage: str
    kind: str
    profile: raw.Profile
    requests: float | None = None


class Row(types.SimpleNamespace):
    """A row of compare.json (compare/result.py writes it): a metric of the service, or of a
    benchmark. Its keys are attributes."""

    @property
    def change(self) -> str:
        """New against old in per cent with its interval; ~ where no difference is proven."""
        if self.exact:
            return numbers.change(self.old, self.new) if self.differs else "same"
        if not self.differs:
            return "~"
        return numbers.estimate(self.delta, self.low, self.high)

    @property
    def doubt(self) -> str:
        """What stands beside a change that has no interval."""
        if self.exact:
            return "counted"
        if self.would_show is None:
            return "not judged"
        seen = f"{self.would_show:.{1 if self.would_show < 0.1 else 0}%}"
        return "" if self.differs else f"above {seen} would have shown"

    def cells(self, unit: str, more_is_better: bool = False) -> dict:
        """Old, new, the change and its doubt as text; better: True, False, or None: undecided."""
        return {"old": numbers.amount(self.old, unit), "new": numbers.amount(self.new, unit),
                "change": self.change, "doubt": self.doubt,
                "better": (self.new > self.old) == more_is_better if self.differs else None}

    @property
    def said(self) -> str:
        """Both, for a sentence."""
        return f"{self.change}, {self.doubt}" if self.doubt else self.change


@dataclass
class Inputs:
    """All that was found, for both stages."""

    old: str
    new: str
    comparison: dict | None = None
    latency: dict = field(default_factory=dict)  # {side: {percent: ms}}
    captures: dict = field(default_factory=dict)  # {(side, kind): Capture}

    def pair(self, kind: str) -> tuple[Capture, Capture] | None:
        """The captures of a kind: (old, new), or None unless both are there."""
        both = tuple(self.captures.get((side, kind)) for side in ("old", "new"))
        return both if all(both) else None

    def stages(self) -> dict:
        """{side: stage}"""
        return {"old": self.old, "new": self.new}

    def rows(self, group: str, metric: str | None = None) -> list:
        """The rows of a group, service or benchmarks; none without a comparison."""
        found = (self.comparison or {}).get(group, [])
        return [Row(**row) for row in found if metric in (None, row["metric"])]

    def row(self, group: str, metric: str, name: str = "") -> Row | None:
        """The row of that metric; of a benchmark by name."""
        return next((row for row in self.rows(group, metric) if name in ("", row.name)), None)

    def said(self, *keys) -> Any:
        """What compare.json has under these keys, such as new, compiler; {} for nothing."""
        found = self.comparison or {}
        for key in keys:
            found = found.get(key, {})
        return found


def _document(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _capture(path, stage, kind):
    """The Capture of a profile file; None if it is not there or pprof cannot read it."""
    if not path.is_file() or not PPROF.is_file():
        return None
    try:
        _, profile = pprof.read([PPROF], path)
    except Failure:
        return None
    folded = [(values, stacks.without_scaffolding(stack, lambda frame: frame.name))
              for values, stack in profile.samples]
    return Capture(path, stage, kind, replace(profile, samples=folded),
                   record.requests(path) or None)


def _latency(file):
    """{side: {percent: milliseconds}} of the latencies at a fixed rate; {} without any."""
    return {side: {percent: values[math.ceil(percent * len(values) / 100) - 1]
                   for percent in range(1, 100)}
            for side, values in (_document(file) or {}).items() if values}


def add_arguments(parser: Parser) -> None:
    """The stages, and where to read."""
    parser.add_argument("old", metavar="OLD", nargs="?",
                        help="a stage (default: the old one compared last, or v1-naive)")
    parser.add_argument("new", metavar="NEW", nargs="?",
                        help="another one (default: the new one compared last, or v2-optimized)")
    parser.add_argument("--compare", metavar="DIR", type=Path, default=BUILD / "compare",
                        help="results of a comparison (default build/compare)")
    parser.add_argument("--profiles", metavar="DIR", type=Path, default=PROFILES,
                        help="captures (default build/profiles)")


def check(options: Options) -> None:
    """Raises Failure for a stage that is not there, and without pprof."""
    for stage in filter(None, (options.old, options.new)):
        stages.need(stage)
    tools.need_pprof("the profiles are read with it, and it is not built")


def read(compare_folder: Path, profiles_folder: Path, old: str | None = None,
         new: str | None = None) -> Inputs:
    """Everything there is. Stages that are not given are those of the comparison, or v1-naive and
    v2-optimized."""
    comparison = _document(compare_folder / "compare.json")
    if (comparison or {}).get("schema") != result.SCHEMA:
        comparison = None
    compared = {side: comparison[side]["stage"] for side in ("old", "new")} if comparison else {}
    old = old or compared.get("old") or "v1-naive"
    new = new or compared.get("new") or "v2-optimized"
    if comparison and compared != {"old": old, "new": new}:
        comparison = None  # of other stages
    found = Inputs(old, new, comparison)
    if comparison and comparison.get("service"):
        found.latency = _latency(compare_folder / "latencies.json")
    for side, stage in found.stages().items():
        for kind in KINDS:
            if capture := _capture(profiles_folder / stage / f"{kind}.pb.gz", stage, kind):
                found.captures[side, kind] = capture
    return found
