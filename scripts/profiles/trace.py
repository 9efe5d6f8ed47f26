"""Prints what a trace holds: spans by name, and the longest ones.

Format: Chrome trace events, complete events ("ph": "X"), times in microseconds.
"""
import json
from pathlib import Path
from statistics import median

from base.errors import Failure

LONGEST = 8


def read(path: Path) -> tuple:
    """(spans, {thread id: name})"""
    try:
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
        threads = {event["tid"]: event["args"]["name"] for event in events
                   if event.get("name") == "thread_name"}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Failure(path, f"it is no trace ({error})", "Capture it again: make trace") from error
    return [event for event in events if event.get("ph") == "X"], threads


def milliseconds(us: float) -> str:
    """Microseconds as text in ms."""
    return f"{us / 1000:.3f}"


def by_name(spans: list[dict]) -> list:
    """Rows (category, name, count, total, median, longest), most time first; times in us."""
    groups = {}
    for span in spans:
        groups.setdefault((span.get("cat", ""), span["name"]), []).append(span["dur"])
    rows = [(*key, len(times), sum(times), median(times), max(times))
            for key, times in groups.items()]
    return sorted(rows, key=lambda row: (-row[3], row[:2]))


def show(path: Path) -> None:
    """Prints them."""
    spans, threads = read(path)
    if not spans:
        print(
            "The trace is empty: no span began and ended within it. Capture for longer: SECONDS=5")
        return
    print(f"{len(spans)} spans on {len({span['tid'] for span in spans})} threads; times in ms\n")
    print(f"{'category':<12}{'span':<34}{'count':>8}{'total':>12}{'median':>10}{'longest':>10}")
    for category, name, count, *times in by_name(spans):
        print(f"{category:<12}{name:<34}{count:>8}" +
              "".join(f"{milliseconds(t):>{w}}" for t, w in zip(times, (12, 10, 10))))
    print(f"\nThe {min(LONGEST, len(spans))} longest spans\n{'at':>10}{'lasted':>10}  thread, span")
    first = min(span["ts"] for span in spans)
    for span in sorted(spans, key=lambda span: -span["dur"])[:LONGEST]:
        thread = threads.get(span["tid"], "?")
        print(f"{milliseconds(span['ts'] - first):>10}{milliseconds(span['dur']):>10}  "
              f"{thread} {span['tid']}, {span['name']}")
