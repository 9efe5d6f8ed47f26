"""The benchmark tables, with a bar and a tick for every run: data for the templates. Pure."""
import statistics

from flame import numbers
from report.inputs import Inputs

METRICS = (("time", "Processor time per operation", "ns"),
           ("bytes", "Bytes allocated per operation", "B"),
           ("allocs", "Allocations per operation", ""))


def _bar(runs, longest):
    """A bar up to the median, and a tick for every run, in per cent of the longest."""
    places = [f"{100 * run / longest:.2f}" for run in runs] if len(set(runs)) > 1 else []
    middle = statistics.median(runs)
    return {"width": f"{max(100 * middle / longest, 0.3):.2f}" if middle else "0", "ticks": places}


def _cells(row, unit):
    longest = max(row.old_runs + row.new_runs) or 1
    return {**row.cells(unit), "name": row.name, "bars": {
        "old": _bar(row.old_runs, longest), "new": _bar(row.new_runs, longest)}}


def tables(data: Inputs) -> list:
    """One table a metric, also for metrics that are not in METRICS; [] without a comparison."""
    rows = data.rows("benchmarks")
    known = [metric for metric, _, _ in METRICS]
    others = dict.fromkeys(row.metric for row in rows if row.metric not in (*known, "wall"))
    wanted = [*METRICS, *((name, f"{name.replace('_', ' ').capitalize()} per operation", "")
                          for name in others)]
    found = [{"title": title, "rows": [_cells(row, unit) for row in rows if row.metric == metric]}
             for metric, title, unit in wanted]
    return [table for table in found if table["rows"]]


def finding(data: Inputs) -> str:
    """The benchmark that gains most, in a sentence."""
    rows = [row for row in data.rows("benchmarks", "time") if row.differs]
    if not rows:
        return "No benchmark is proven to differ in time."
    best = min(rows, key=lambda row: row.new / row.old)
    old, new = numbers.amount(best.old, "ns"), numbers.amount(best.new, "ns")
    return f"{best.name} gains most: {old} to {new} ({best.change})."


def rule(data: Inputs) -> tuple:
    """How the comparison decides: (confidence, margin) in per cent."""
    given = data.said("rule")
    return tuple(f"{100 * given.get(key, 0):g}{numbers.THIN}%" for key in ("confidence", "margin"))
