"""The benchmark tables, with a bar and a tick for every run drawn as SVG. Pure functions."""
from markupsafe import Markup

from report import inputs, numbers

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


def bars(row, label):
    """An SVG of both stages' bars; the text is for those who cannot see it."""
    longest = max(row["old_runs"] + row["new_runs"])
    both = _bar("old", 1, row["old_runs"], longest) + _bar("new", 13, row["new_runs"], longest)
    return Markup(
        '<svg class="bars" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup(both))


def _cells(row, unit):
    label = (
        f"{row['name']}: {numbers.amount(row['old'], unit)} before, {numbers.amount(row['new'], unit)} after, "
        + (numbers.change(row["old"], row["new"]) if row["differs"] else "no difference"))
    exact = row["exact"]
    return {
        "name": row["name"],
        "old": numbers.amount(row["old"], unit),
        "new": numbers.amount(row["new"], unit),
        "old_spread": "exact" if exact else f"±{100 * row['old_spread']:.0f}{numbers.THIN}%",
        "new_spread": "exact" if exact else f"±{100 * row['new_spread']:.0f}{numbers.THIN}%",
        "change": numbers.change(row["old"], row["new"]) if row["differs"] else "~",
        "better": row["new"] < row["old"] if row["differs"] else None,
        "p": "counted" if exact else "p < 0.001" if row["p"] < 0.001 else f"p = {row['p']:.3f}",
        "bars": bars(row, label),
    }


def tables(data):
    """One table a metric, also for metrics that are not in METRICS; [] without a comparison."""
    rows = (data.comparison or {}).get("benchmarks", [])
    known = [metric for metric, _, _ in METRICS]
    others = dict.fromkeys(row["metric"] for row in rows if row["metric"] not in known)
    found = []
    for metric, title, unit in (*METRICS,
                                *((name, f"{name.replace('_', ' ').capitalize()} per operation", "")
                                  for name in others)):
        of_metric = [row for row in rows if row["metric"] == metric]
        if of_metric:
            found.append({"title": title, "rows": [_cells(row, unit) for row in of_metric]})
    return found


def rule(data):
    """How the comparison decides, in a sentence."""
    given = (data.comparison or {}).get("rule", {})
    return given.get("test", ""), given.get("alpha", "")
