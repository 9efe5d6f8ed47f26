"""Finds and reads what the report is made of. What is missing is None or absent, never an error.

Used by cli.py and findings.py. A capture is build/profiles/STAGE/KIND.pb.gz, with KIND.about.json beside it;
a comparison is build/compare/compare.json, with the runs of ab in raw/.
"""
import json
import statistics
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from base import ab, raw
from base.paths import PPROF, ROOT  # noqa: F401  (ROOT for the package)

KINDS = ("cpu", "allocs", "heap", "mutex", "block", "threads", "wall")
# Frames of std::function that stand between two frames of ours and say nothing.
_PLUMBING = ("std::__invoke", "std::_Function_handler", "std::function::operator()",
             "std::__invoke_impl")


@dataclass(frozen=True)
class Capture:
    """One profile. requests: how many were served in the capture; None if nobody counted."""

    path: Path
    stage: str
    kind: str
    profile: raw.Profile
    seconds: float | None = None
    requests: float | None = None


@dataclass
class Inputs:
    old: str
    new: str
    comparison: dict | None = None
    latency: dict = field(default_factory=dict)  # {side: {percent: [ms of each run]}}
    captures: dict = field(default_factory=dict)  # {(side, kind): Capture}

    def pair(self, kind):
        """The captures of a kind: (old, new), or None unless both are there."""
        both = tuple(self.captures.get((side, kind)) for side in ("old", "new"))
        return both if all(both) else None

    def stages(self):
        return {"old": self.old, "new": self.new}


def _document(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _without_plumbing(frames):
    kept = [frame for frame in frames if not frame.name.startswith(_PLUMBING)]
    return kept or frames


def read_capture(path, stage, kind):
    """The Capture of a profile file; None if it is not there or pprof cannot read it."""
    if not path.is_file() or not PPROF.is_file():
        return None
    done = subprocess.run([PPROF, "-raw", path], capture_output=True, text=True, errors="replace",
                          check=False)
    if done.returncode != 0 or "\nSamples:\n" not in done.stdout:
        return None
    profile = raw.parse(done.stdout)
    profile = replace(
        profile,
        samples=[(values, _without_plumbing(frames)) for values, frames in profile.samples])
    about = _document(path.with_name(f"{kind}.about.json")) or {}
    seconds, rate = about.get("seconds"), about.get("requests_per_second")
    requests = about.get("requests")
    if requests is None and seconds and rate:
        requests = float(seconds) * float(rate)
    return Capture(path, stage, kind, profile,
                   float(seconds) if seconds else None,
                   float(requests) if requests else None)


def read_latency(raw_folder):
    """{side: {percent: [milliseconds, one a run]}} of the comparison's ab runs; a side without runs is absent."""
    latency = {}
    for side in ("old", "new"):
        tables = [ab.percentiles(path.read_text(encoding="utf-8"))
                  for path in sorted(raw_folder.glob(f"ab-[0-9]*-{side}.csv"))]
        tables = [table for table in tables if 50 in table]
        if tables:
            latency[side] = {
                percent: [table[percent] for table in tables if percent in table]
                for percent in tables[0]
            }
    return latency


def quartiles(values):
    """(first quartile, median, third quartile)."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def read(compare_folder, profiles_folder, old=None, new=None):
    """Everything there is. Stages that are not given are those of the comparison, or v1-naive and v2-optimized."""
    comparison = _document(compare_folder / "compare.json")
    compared = {
        side: build.get("stage") for side, build in (comparison or {}).get("build", {}).items()
    }
    old, new = old or compared.get("old") or "v1-naive", new or compared.get(
        "new") or "v2-optimized"
    if comparison and compared != {"old": old, "new": new}:
        comparison = None  # of other stages
    result = Inputs(old, new, comparison)
    if comparison and comparison.get("service"):
        result.latency = read_latency(compare_folder / "raw")
    for side, stage in result.stages().items():
        for kind in KINDS:
            capture = read_capture(profiles_folder / stage / f"{kind}.pb.gz", stage, kind)
            if capture:
                result.captures[side, kind] = capture
    return result
