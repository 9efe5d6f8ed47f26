"""Two pictures of the service as SVG: the throughput of every run, and latency. Pure functions.

Places across are in per cent of the width, places down in pixels: text and dots keep their size on every screen, and
ticks are so few that their labels have room on the narrowest.
"""
import math

from markupsafe import Markup, escape

from flame import numbers
from report.inputs import quartiles

HEIGHT = 240
# Labels are up to 50 pixels wide; the narrowest plot is 250.
APART = 0.2


def linear_ticks(top, low=0.0) -> list:
    """Round values from low to top, at least APART of the axis apart."""
    least = (top - low) * APART
    step = 10 ** math.floor(math.log10(least))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * step >= least)
    return [step * i for i in range(math.ceil(low / step), math.floor(top / step) + 1)]


def log_ticks(low, high) -> list:
    """Values between low and high (more than 0) that people find round, at least APART of the axis apart."""
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


def _axis(ticks, place, text):
    """Lines and labels below the picture; place: value -> part of the width."""
    marks = [f'<line class="grid" x1="{100 * place(tick):.2f}%" x2="{100 * place(tick):.2f}%" y1="0" y2="{HEIGHT}"/>'
             f'<text class="label" x="{100 * place(tick):.2f}%" y="{HEIGHT + 18}" text-anchor="middle">{escape(text(tick))}</text>'
             for tick in ticks]
    return "".join(marks)


def _svg(body):
    return Markup(f'<svg height="{HEIGHT + 26}" aria-hidden="true">{body}</svg>')


def throughput(data):
    """A dot a run and a line at the median, a row for each stage; None without a comparison."""
    row = data.row("service", "requests_per_second")
    if not row:
        return None
    top = max(row.old_runs + row.new_runs) * 1.04
    body, each = _axis(linear_ticks(top), lambda value: value / top, numbers.plain), HEIGHT / 2
    for number, (side, stage) in enumerate(data.stages().items()):
        runs, middle = getattr(row, f"{side}_runs"), getattr(row, side)
        up = number * each
        x = f"{100 * middle / top:.2f}%"
        anchor = "end" if middle > top / 2 else "start"
        body += (f'<text class="name {side}" x="{x}" y="{up + 16:.0f}" text-anchor="{anchor}">{escape(stage)}: {numbers.plain(middle)}</text>'
                 f'<line class="median {side}" x1="{x}" x2="{x}" y1="{up + 24:.0f}" y2="{up + each - 6:.0f}"/>')
        # Runs of nearly the same speed must not hide each other: they take turns in five heights.
        body += "".join(
            f'<circle class="{side}" cx="{100 * run / top:.2f}%" cy="{up + 38 + place % 5 * 15:.0f}" r="4"><title>{escape(stage)}: {numbers.plain(run)}</title></circle>'
            for place, run in enumerate(sorted(runs)))
    return _svg(body)


def latency(data):
    """The share of the requests answered within a time, the band being the middle half of the runs; None without runs."""
    if len(data.latency) < 2:
        return None
    curves = {side: [(percent, *quartiles(runs)) for percent, runs in sorted(table.items())
                     if 1 <= percent <= 99 and quartiles(runs)[0] > 0] for side, table in data.latency.items()}
    low = min(point[1] for curve in curves.values() for point in curve) / 1.1
    high = max(point[3] for curve in curves.values() for point in curve) * 1.1

    def across(value):
        return math.log(value / low) / math.log(high / low)

    def path(points):
        return "L".join(
            f"{100 * across(value):.2f},{100 - percent:.0f}" for percent, value in points)

    body = _axis(
    log_ticks(
        low,
        high),
        across,
        lambda value: numbers.amount(
            value,
            "ms").replace(
                ".00",
                "").replace(
                    ".0",
                     ""))
    for percent in (0, 25, 50, 75, 100):
        y = HEIGHT * (1 - percent / 100)
        body += (f'<line class="grid" x1="0" x2="100%" y1="{y:.0f}" y2="{y:.0f}"/>'
                 f'<text class="label" x="-8" y="{y + 4:.0f}" text-anchor="end">{percent}{numbers.THIN}%</text>')
    lines = ""
    for side, curve in curves.items():
        band = [(percent, first) for percent, first, _, _ in curve] + [(percent, last)
                 for percent, *_, last in reversed(curve)]
        lines += (f'<path class="band {side}" d="M{path(band)}Z"/>'
                  f'<path class="curve {side}" d="M{path([(percent, middle) for percent, _, middle, _ in curve])}"/>')
        for percent, _, middle, _ in curve:
            if percent in (50, 90, 99):
                words = f"{data.stages()[side]}: {percent} % within {numbers.amount(middle, 'ms')}"
                body += (f'<circle class="{side}" cx="{100 * across(middle):.2f}%" cy="{HEIGHT * (1 - percent / 100):.1f}" r="4">'
                         f'<title>{escape(words)}</title></circle>')
    body += f'<svg width="100%" height="{HEIGHT}" viewBox="0 0 100 100" preserveAspectRatio="none">{lines}</svg>'
    return _svg(body)
