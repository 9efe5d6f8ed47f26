"""The record beside a capture: what was captured, when and where, how many requests were served
meanwhile."""
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

from base import machine
from base.paths import ROOT

# What a delta adds up ends at the profile's time; everything else begins there.
DELTAS = ("allocs", "mutex", "block")
REQUEST_LINE = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) request ", re.MULTILINE)
_TIME = re.compile(r"^Time: (\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))? \+0000", re.MULTILINE)
# pprof cuts the duration off after four characters: 2.50 and 10.0 are seconds, 1m40 and 999. (of
# 999.5ms) say too little.
_DURATION = re.compile(r"^Duration: (\d\d?(?:\.\d+)?)s?$", re.MULTILINE)


def window(raw: str, kind: str, seconds: float | None = None) -> tuple | None:
    """(begin, end) of a capture in UTC, or None if the profile does not tell. `seconds`: what was
    asked for."""
    time, duration = _TIME.search(raw), _DURATION.search(raw)
    seconds = float(duration[1]) if duration else seconds
    if not time or seconds is None:
        return None
    at = datetime.fromisoformat(f"{time[1]}T{time[2]}.{(time[3] or '0')[:6]:0<6}")
    length = timedelta(seconds=seconds)
    return (at - length, at) if kind in DELTAS else (at, at + length)


def requests_in(log: bytes, begin: datetime, end: datetime) -> int:
    """How many request lines of a log (bytes) lie in the window. Its times are UTC with
    microseconds."""
    first, last = (f"{at.isoformat(timespec='microseconds')}Z".encode() for at in (begin, end))
    return sum(first <= time <= last for time in REQUEST_LINE.findall(log))


def about(**fields) -> dict:
    """The record: the given fields, the time and the machine."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {**fields, "captured_at": now, "machine": machine.facts(ROOT)}


def requests(profile: Path) -> int:
    """How many requests the record beside a profile says were served in it; 0 if it cannot
    tell."""
    file = profile.with_name(profile.name.removesuffix(".pb.gz") + ".about.json")
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["requests"])
    except (OSError, ValueError, TypeError, LookupError):
        return 0


def served(about_it: dict, raw_text: str, log: Path) -> dict:
    """How many requests the log has in the time of the capture, as a field of its record; none if
    nothing tells."""
    when = window(raw_text, about_it["kind"], about_it["seconds"])
    return {"requests": requests_in(log.read_bytes(), *when)} if when and log.is_file() else {}
