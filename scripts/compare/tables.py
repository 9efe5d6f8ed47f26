"""Renders verdicts as text: benchstat's three tables and the service's, as plain text, Markdown or
CSV. Pure functions."""
import csv
import io
import statistics

from compare import estimate

TITLES = {"time": "time/op", "bytes": "alloc/op", "allocs": "allocs/op", "instructions": "instr/op"}
SERVICE_NAMES = {
    "requests_per_second": "requests/s", "cpu_us": "CPU/request", "p50_ms": "p50", "p99_ms": "p99",
    "p999_ms": "p99.9", "max_ms": "max"
}
SCALES = {
    "ns/op": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "B/op": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")),
    "allocs/op": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")),
    "instr/op": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")),
    "req/s": ((1e6, "M"), (1e3, "k"), (1, "")),
    "µs/req": ((1e3, "ms"), (1, "µs")),
    "ms": ((1e3, "s"), (1, "ms")),
}


def figure(value: float, unit: str) -> str:
    """Three significant digits with a scaled unit: 2300 ns/op is 2.30µs. Whole small numbers stay
    whole."""
    for factor, suffix in SCALES[unit]:
        shown = _three_digits(value / factor)
        if float(shown) >= 1 or factor == 1:
            break
    if factor == 1 and float(value).is_integer() and unit != "ms":
        shown = f"{value:.0f}"
    return shown + suffix


def _three_digits(value):
    for digits in (2, 1, 0):
        shown = f"{value:.{digits}f}"
        if len(shown.replace(".", "").lstrip("0")) <= 3:
            break
    return shown if value == 0 or abs(value) >= 0.1 else f"{value:.3g}"


def percent(part: float | None, digits: int = 1) -> str:
    """A change as a signed percentage; "?" where old is 0, as benchstat has it. Never -0."""
    if part is None:
        return "?"
    shown = f"{part * 100:+.{digits}f}"
    return shown.replace("-", "+") + "%" if float(shown) == 0 else shown + "%"


def _digits(verdict):
    """As many digits as the interval deserves."""
    narrow = verdict.low is not None and verdict.high - verdict.low < 0.02
    return 2 if verdict.exact or narrow else 1


def delta(verdict: estimate.Verdict) -> str:
    """The delta with its interval, or ~ and the interval."""
    digits = _digits(verdict)
    if verdict.exact:
        return percent(verdict.delta, digits) if verdict.differs else "~"
    if verdict.low is None or verdict.row.kind == "shown":
        return ""
    bounds = ", ".join(percent(part, digits)[:-1] for part in (verdict.low, verdict.high))
    return f"{percent(verdict.delta, digits) if verdict.differs else '~'} [{bounds}]"


def change(row: dict) -> str:
    """The delta of a row of compare.json, or of a verdict's fields, with its interval."""
    if row["low"] is None or row["low"] == row["high"]:
        return percent(row["delta"])
    return f"{percent(row['delta'])} [{percent(row['low'])[:-1]}, {percent(row['high'])[:-1]}]"


def evidence(verdict: estimate.Verdict) -> str:
    """What stands behind a row's delta, in brackets."""
    if verdict.exact:
        return "(" + "; ".join(["exact", *verdict.odd]) + ")"
    if verdict.row.kind == "shown":
        return "(not judged)"
    if verdict.low is None:
        return "(too few processes to judge)"
    digits = 1 if verdict.would_show < 0.1 else 0
    return "" if verdict.differs else f"(above {verdict.would_show:.{digits}%} would have shown)"


def _row(name, verdict):
    old, new = (figure(value, verdict.row.unit) for value in (verdict.old, verdict.new))
    return [name, old, new, delta(verdict), evidence(verdict)]


def geomean(verdicts: list) -> tuple[float, float, int] | None:
    """(old, new, how many rows) over the rows that are above 0 on both sides."""
    usable = [verdict for verdict in verdicts if verdict.old > 0 and verdict.new > 0]
    if not usable:
        return None
    return (statistics.geometric_mean(verdict.old for verdict in usable),
            statistics.geometric_mean(verdict.new for verdict in usable), len(usable))


def benchmark_table(metric: str, verdicts: list) -> list[list[str]]:
    """One of benchstat's tables as rows of cells: name, old, new, delta, evidence."""
    title = TITLES[metric]
    rows = [["name", f"old {title}", f"new {title}", "delta", ""]]
    rows += [_row(verdict.row.name, verdict) for verdict in verdicts]
    mean = geomean(verdicts)
    if mean and len(verdicts) > 1:
        old, new, count = mean
        left_out = f"of {count} {'row' if count == 1 else 'rows'} without a 0, "
        note = f"({left_out if count < len(verdicts) else ''}not judged)"
        unit = verdicts[0].row.unit
        rows.append(["[Geo mean]", figure(old, unit), figure(new, unit),
                     percent(estimate.change(old, new)), note])
    return rows


def service_table(verdicts: list) -> list[list[str]]:
    """The service's table as rows of cells, as benchmark_table."""
    rows = [_row(SERVICE_NAMES[verdict.row.metric], verdict) for verdict in verdicts]
    return [["service", "old", "new", "delta", ""], *rows]


def as_text(rows: list[list[str]]) -> list[str]:
    """Columns padded to their widest cell: names to the left, figures to the right, evidence as it
    is."""
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    return [
        "  ".join([line[0].ljust(widths[0])]
                  + [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1])]
                  + [line[-1]]).rstrip() for line in rows
    ]


def as_markdown(rows: list[list[str]]) -> list[str]:
    """The same rows as a Markdown table."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in rows]
    return [lines[0], "| --- | ---: | ---: | ---: | --- |", *lines[1:]]


def as_csv(verdicts: list) -> str:
    """A line for each row, unrounded: figures in the row's unit, changes as parts of 1."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["name", "metric", "unit", "old", "new", "delta", "low", "high", "differs", "exact"])
    for verdict in verdicts:
        row = verdict.row
        writer.writerow([row.name, row.metric, row.unit, verdict.old, verdict.new, verdict.delta,
                         verdict.low, verdict.high, verdict.differs, verdict.exact])
    return out.getvalue()


def explanation(verdicts: list, pairs: int) -> list[str]:
    """The rule that the tables were made by, in a few lines."""
    measured = sum(verdict.row.kind == "measured" for verdict in verdicts)
    lines = []
    if measured:
        lines += [
            f"delta [low, high]: the change, and where it lies with {estimate.CONFIDENCE:.0%}"
            f" confidence for all {measured} intervals",
            f"   together. Estimated over {pairs} pairs of processes that took turns "
            "(Hodges-Lehmann, Wilcoxon).",
            f"~  not proven: the interval reaches into ±{estimate.MARGIN:.1%}, which the place of"
            " code in memory can cause.",
        ]
    if any(verdict.exact for verdict in verdicts):
        lines.append("exact: counted, not estimated; processes that had another value are named.")
    return lines
