"""Writes what was captured, when and where, beside a capture.

`python3 -m profiles.record FILE [--raw RAW --log LOG] NAME=VALUE…`: RAW is the capture as TZ=UTC pprof -raw prints it,
LOG the service's request log; with both, the record says how many requests were served during the capture.
"""
import argparse
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
# pprof cuts the duration off after four characters: 2.50 and 10.0 are seconds, 1m40 and 999. (of 999.5ms) say too little.
_DURATION = re.compile(r"^Duration: (\d\d?(?:\.\d+)?)s?$", re.MULTILINE)


def window(raw, kind, seconds=None):
    """(begin, end) of a capture in UTC, or None if the profile does not tell. `seconds`: what was asked for."""
    time, duration = _TIME.search(raw), _DURATION.search(raw)
    seconds = float(duration[1]) if duration else seconds
    if not time or seconds is None:
        return None
    at = datetime.fromisoformat(f"{time[1]}T{time[2]}.{(time[3] or '0')[:6]:0<6}")
    length = timedelta(seconds=seconds)
    return (at - length, at) if kind in DELTAS else (at, at + length)


def requests_in(log, begin, end):
    """How many request lines of a log (bytes) lie in the window. Its times are UTC with microseconds."""
    first, last = (f"{at.isoformat(timespec='microseconds')}Z".encode() for at in (begin, end))
    return sum(first <= time <= last for time in REQUEST_LINE.findall(log))


def about(pairs):
    """The record: the given fields (numbers as numbers), the time and the machine."""
    fields = dict(pair.split("=", 1) for pair in pairs)
    for name in ("seconds", "requests_per_second"):
        if name in fields:
            fields[name] = float(fields[name])
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {**fields, "captured_at": now, "machine": machine.facts(ROOT)}


def main():
    parser = argparse.ArgumentParser(prog="python3 -m profiles.record", description=__doc__)
    parser.add_argument("file")
    parser.add_argument("pairs", nargs="+", metavar="NAME=VALUE")
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args()
    record = about(chosen.pairs)
    if chosen.raw and chosen.log and chosen.log.is_file():
        when = window(chosen.raw.read_text(encoding="utf-8", errors="replace"), record.get("kind"),
                      record.get("seconds"))
        if when:
            record["requests"] = requests_in(chosen.log.read_bytes(), *when)
    Path(chosen.file).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
