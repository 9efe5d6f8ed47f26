"""Renders verdicts as text: benchstat's three tables and the service table. Pure functions."""
from compare import stats

TITLES = {"time": "time/op", "bytes": "alloc/op", "allocs": "allocs/op"}
SERVICE_NAMES = {
    "requests_per_second": "requests/s", "mean_ms": "mean", "p50_ms": "p50", "p99_ms": "p99"
}
SCALES = {
    "ns/op": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "B/op": ((1e6, "MB"), (1e3, "kB"), (1, "B")),
    "allocs/op": ((1e6, "M"), (1e3, "k"), (1, "")),
    "req/s": ((1e6, "M"), (1e3, "k"), (1, "")),
    "ms": ((1, "ms"),),
}


def figure(value, unit):
    """Three significant digits with a scaled unit: 2300 ns/op is 2.30µs. Whole small numbers stay whole."""
    for factor, suffix in SCALES[unit]:
        if abs(value) >= factor or factor == 1:
            scaled = value / factor
            break
    if factor == 1 and float(scaled).is_integer() and unit != "ms":
        return f"{scaled:.0f}{suffix}"
    digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2 if scaled >= 0.9995 or unit != "ms" else 3
    return f"{scaled:.{digits}f}{suffix}"


def percent(delta):
    return "new" if delta is None else f"{delta:+.2%}"


def evidence(verdict):
    """What stands behind a row's delta, in brackets."""
    runs = f"n={len(verdict.row.old)}+{len(verdict.row.new)}"
    return f"(exact {runs})" if verdict.exact else f"(p={verdict.p:.3f} {runs})"


def _with_spread(value, unit, values, exact):
    shown = figure(value, unit)
    return shown if exact else f"{shown} ±{stats.spread(values):3.0%}"


def _lines(header, body):
    """Columns padded to their widest cell: the first to the left, figures to the right, evidence as is."""
    widths = [max(len(line[column]) for line in [header, *body]) for column in range(len(header))]
    return [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1])]
            + [line[-1]]
        ).rstrip()
        for line in [header, *body]
    ]


def _row(name, verdict):
    row = verdict.row
    return [
        name,
        _with_spread(verdict.old, row.unit, row.old, verdict.exact),
        _with_spread(verdict.new, row.unit, row.new, verdict.exact),
        percent(verdict.delta) if verdict.differs else "~",
        evidence(verdict),
    ]


def benchmark_table(metric, verdicts):
    """One of benchstat's tables: name, old, new, delta, and the geometric mean."""
    chosen = [verdict for verdict in verdicts if verdict.row.metric == metric]
    title = TITLES[metric]
    body = [_row(verdict.row.name, verdict) for verdict in chosen]
    old, new, change, left_out = stats.geomean(chosen)
    if old is not None:
        note = f"(of the {len(chosen) - left_out} rows without a 0)" if left_out else ""
        unit = chosen[0].row.unit
        body.append([
            "[Geo mean]",
            figure(old, unit),
            figure(new, unit),
            percent(change) if change is not None else "~", note
        ])
    return _lines(["name", f"old {title}", f"new {title}", "delta", ""], body)


def service_table(verdicts):
    body = [_row(SERVICE_NAMES[verdict.row.metric], verdict) for verdict in verdicts]
    return _lines(["service (ab)", "old", "new", "delta", ""], body)


def explanation(verdicts):
    """The rule that the tables were made by, in three lines."""
    timed = [verdict for verdict in verdicts if not verdict.exact]
    lines = []
    if timed:
        noises = [verdict.noise for verdict in timed]
        lines += [
            f"~  no difference: p >= {stats.ALPHA}. p: the chance of such runs if old and new differed by no more than halves",
            f"   of one stage's own runs do (noise, here {min(noises):.0%} to {max(noises):.0%}); Mann-Whitney U, Holm-corrected"
            f" over {len(timed)} rows.",
        ]
    if any(verdict.exact for verdict in verdicts):
        lines.append(
            "   exact: the counter was the same in every run of a stage, so any difference is real."
        )
    lines.append("±  half of the interquartile range around the median of the runs.")
    return lines
