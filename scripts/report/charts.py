"""Two pictures of the service: the throughput of every run, and latency. Places for charts.html.j2,
which draws them as SVG. Pure functions.

Places across are in per cent of the width, places down in pixels: text and dots keep their size on
every screen, and ticks are so few that their labels have room on the narrowest.
"""
import math

from flame import numbers
from report.inputs import Inputs

HEIGHT = 240
# Labels are up to 50 pixels wide; the narrowest plot is 250.
APART = 0.2


def linear_ticks(top: float, low: float = 0.0) -> list:
    """Round values from low to top, at least APART of the axis apart."""
    least = (top - low) * APART
    step = 10 ** math.floor(math.log10(least))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * step >= least)
    return [step * i for i in range(math.ceil(low / step), math.floor(top / step) + 1)]


def log_ticks(low: float, high: float) -> list:
    """Round values from low (more than 0) to high, at least APART of the axis apart."""
    if high < 4 * low:
        candidates = linear_ticks(high, low)
    else:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        factors = (1, 2, 5) if high < 30 * low else (1, 3)
        candidates = [factor * 10.0 ** decade for decade in decades for factor in factors]
    ticks = []
    for tick in candidates:
        if low <= tick <= high and (not ticks or math.log(tick / ticks[-1], high / low) >= APART):
            ticks.append(tick)
    return ticks


def throughput(data: Inputs) -> dict | None:
    """A dot a run and a line at the median, a row for each stage; None without a comparison."""
    row = data.row("service", "requests_per_second")
    if not row:
        return None
    top = max(row.old_runs + row.new_runs) * 1.04

    def across(value):
        return f"{100 * value / top:.2f}%"

    sides = (("old", data.old, row.old, row.old_runs), ("new", data.new, row.new, row.new_runs))
    # Runs of nearly the same speed must not hide each other: they take turns in five heights.
    rows = [{"side": side, "top": number * HEIGHT // 2, "height": HEIGHT // 2,
             "name": f"{stage}: {numbers.plain(middle)}", "middle": across(middle),
             "anchor": "end" if middle > top / 2 else "start",
             "dots": [{"x": across(run), "y": 38 + place % 5 * 15,
                       "title": f"{stage}: {numbers.plain(run)}"}
                      for place, run in enumerate(sorted(runs))]}
            for number, (side, stage, middle, runs) in enumerate(sides)]
    ticks = [(across(tick), numbers.plain(tick)) for tick in linear_ticks(top)]
    return {"height": HEIGHT, "ticks": ticks, "rows": rows}


def latency(data: Inputs) -> dict | None:
    """The share of the requests answered within a time; None without latencies of both stages."""
    if len(data.latency) < 2:
        return None
    curves = {side: sorted(table.items()) for side, table in data.latency.items()}
    low = min(value for curve in curves.values() for _, value in curve) / 1.1
    high = max(value for curve in curves.values() for _, value in curve) * 1.1

    def across(value):
        return 100 * math.log(value / low, high / low)

    def path(points):
        return "M" + "L".join(f"{across(value):.2f},{100 - percent}" for percent, value in points)

    def milliseconds(value):
        return numbers.amount(value, "ms").replace(".00", "").replace(".0", "")

    stages = data.stages()
    drawn = [{"side": side, "curve": path(curve),
              "dots": [{"x": f"{across(value):.2f}%", "y": HEIGHT * (1 - percent / 100),
                        "title": f"{stages[side]}: {percent} % within {milliseconds(value)}"}
                       for percent, value in curve if percent in (50, 90, 99)]}
             for side, curve in curves.items()]
    ticks = [(f"{across(tick):.2f}%", milliseconds(tick)) for tick in log_ticks(low, high)]
    return {"height": HEIGHT, "ticks": ticks, "curves": drawn}
