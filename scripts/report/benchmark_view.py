"""The benchmark tables, with a bar and a tick for every run drawn as SVG. Pure functions."""
from markupsafe import Markup

from flame import numbers
from report import inputs

METRICS = (("time", "Time per operation", "ns"), ("bytes", "Bytes allocated per operation", "B"),
           ("allocs", "Allocations per operation", ""))
_BAR_HEIGHT = 10


def _bar(side, top, runs, longest):
    """A bar up to the median, and a tick for every run."""
    middle = inputs.quartiles(runs)[1]
    width = 100 * middle / longest if longest else 0
    parts = [
        f'<rect class="bar {side}" x="0" y="{top}" width="{max(width, 0.3) if middle else 0:.2f}" height="{_BAR_HEIGHT}"/>'
    ]
    if len(set(runs)) > 1:
        parts += [
            f'<line class="tick {side}" x1="{100 * run / longest:.2f}" x2="{100 * run / longest:.2f}" '
            f'y1="{top}" y2="{top + _BAR_HEIGHT}"/>' for run in runs
        ]
    return "".join(parts)


def bars(row, label) -> Markup:
    """An SVG of both stages' bars; the text is for those who cannot see it."""
    longest = max(row.old_runs + row.new_runs)
    both = _bar("old", 1, row.old_runs, longest) + _bar("new", 13, row.new_runs, longest)
    return Markup(
        '<svg class="bars" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup(both))


def _cells(row, unit):
    old, new = numbers.amount(row.old, unit), numbers.amount(row.new, unit)
    said = f"{row.change}, {row.doubt}" if row.differs else "no difference"
    spreads = [
        "exact" if row.exact else f"±{100 * spread:.0f}{numbers.THIN}%" for spread in (row.old_spread, row.new_spread)]
    return {
        "name": row.name, "old": old, "new": new, "old_spread": spreads[0], "new_spread": spreads[1],
        "change": row.change, "doubt": row.doubt, "better": row.new < row.old if row.differs else None,
        "bars": bars(row, f"{row.name}: {old} before, {new} after, {said}"),
    }


def tables(data) -> list:
    """One table a metric, also for metrics that are not in METRICS; [] without a comparison."""
    rows = data.rows("benchmarks")
    known = {metric for metric, _, _ in METRICS}
    others = dict.fromkeys(row.metric for row in rows if row.metric not in known)
    wanted = (
        *METRICS, *((name, f"{name.replace('_', ' ').capitalize()} per operation", "") for name in others))
    found = [{"title": title, "rows": [_cells(row, unit) for row in rows if row.metric == metric]}
             for metric, title, unit in wanted]
    return [table for table in found if table["rows"]]


def finding(data) -> str:
    """The benchmark that gains most, in a sentence."""
    rows = [row for row in data.rows("benchmarks", "time") if row.differs]
    if not rows:
        return "No benchmark differs in time."
    best = min(rows, key=lambda row: row.new / row.old)
    return (f"{best.name} gains most: {numbers.amount(best.old, 'ns')} to {numbers.amount(best.new, 'ns')} "
            f"({best.change}, {best.doubt}).")


def rule(data) -> tuple:
    """How the comparison decides: (test, limit)."""
    given = data.said("rule")
    return given.get("test", ""), given.get("alpha", "")
