"""What the page says of the service and in its headline: plain data for the templates and charts. Pure functions."""
from report import attribution, inputs, numbers

TITLES = {
    "requests_per_second": "Requests per second",
    "mean_ms": "Mean time",
    "p50_ms": "Median (p50)",
    "p99_ms": "p99",
}
# Medians that are closer than this count as equal if their difference is within the noise.
CLOSE = 0.1
_UNITS = {"ms": "ms", "req/s": ""}


def _row(data, group, metric, name=None):
    for row in (data.comparison or {}).get(group, []):
        if row["metric"] == metric and (name is None or row["name"] == name):
            return row
    return None


def headline(data):
    """(title, sentence below it)."""
    row = _row(data, "service", "requests_per_second")
    if not row:
        return f"{data.old} against {data.new}", "The comparison has not been run yet, so there is no headline."
    if not row["differs"] and abs(row["new"] / row["old"] - 1) > CLOSE:
        return _noisy_headline(data, row)
    if not row["differs"]:
        return f"{data.old} and {data.new} serve equally fast", "ab shows no difference in requests per second beyond the noise."
    more = row["new"] > row["old"]
    title = f"{data.new} serves {numbers.times(row['old'], row['new'])} the requests of {data.old}"
    return title, (
        f"{numbers.plain(row['old'])} → {numbers.plain(row['new'])} requests per second under ab, "
        f"{'with the same answers to every request' if more else 'so it is slower'}; "
        f"median of {len(row['old_runs'])} interleaved pairs of runs.")


def _noisy_headline(data, service):
    """Throughput tells nothing; the benchmarks, which suffer less from a busy machine, may."""
    noise = (
        f"Whether the service gains is hidden by noise: {numbers.plain(service['old'])} and {numbers.plain(service['new'])} requests per "
        "second, but runs of one stage scatter as much. Close other programs and repeat: make compare."
    )
    row = _row(data, "benchmarks", "time", "LeftpadHandler")
    if not row or not row["differs"] or row["new"] > row["old"]:
        return f"Too noisy to tell {data.new} from {data.old}", noise
    return (
        f"The handler of {data.new} is {numbers.times(row['new'], row['old'])} as fast as that of {data.old}",
        f"{numbers.amount(row['old'], 'ns')} → {numbers.amount(row['new'], 'ns')} a call. {noise}")


def _tile(label, old, new, unit, note):
    """better: True, False, or None for no difference."""
    better = None if old == new else (new > old) == (label == TITLES["requests_per_second"])
    return {"label": label, "old": numbers.amount(old, unit), "new": numbers.amount(new, unit),
            "change": numbers.change(old, new), "better": better, "note": note}


def tiles(data):
    """The figures below the headline: those that were measured."""
    found = []
    wanted = (("service", "requests_per_second", None, "Requests per second", "", "ab, 8 clients"),
              ("service", "p50_ms", None, "Median latency", "ms",
               "ab, 8 clients"), ("benchmarks", "time", "LeftpadHandler", "Handler time", "ns",
                                  "benchmark LeftpadHandler"),
              ("benchmarks", "allocs", "LeftpadHandler", "Handler allocations", "",
               "benchmark LeftpadHandler, counted"),
              )
    for group, metric, name, label, unit, note in wanted:
        row = _row(data, group, metric, name)
        if row:
            tile = _tile(label, row["old"], row["new"], unit, note)
            found.append(
                tile if row["differs"] else {**tile, "better": None, "change": "within noise"})
    lock = data.pair("mutex")
    if lock and all(capture.requests for capture in lock):
        waits = [
            sum(attribution.by_component(capture, "delay").values()) / capture.requests
            for capture in lock
        ]
        found.append(_tile("Lock waiting", *waits, "ns", "a request, mutex profile"))
    return found


def table(data):
    """The rows of the service table."""
    rows = []
    for row in (data.comparison or {}).get("service", []):
        unit = _UNITS[row["unit"]]
        rows.append({
            "name": TITLES[row["metric"]],
            "old": numbers.amount(row["old"], unit), "old_spread": _spread(row["old_spread"]),
            "new": numbers.amount(row["new"], unit), "new_spread": _spread(row["new_spread"]),
            "change": numbers.change(row["old"], row["new"]) if row["differs"] else "~",
            "p": row["p"], "differs": row["differs"],
        })
    return rows


def _spread(part):
    return f"±{100 * part:.0f}{numbers.THIN}%"


def charts(data):
    """What charts.js draws: every run's throughput, and latency as [percent, quartile 1, median, quartile 3]."""
    row = _row(data, "service", "requests_per_second")
    if not row:
        return None
    curves = {
        side: [[percent, *inputs.quartiles(runs)]
               for percent, runs in sorted(table.items())
               if percent <= 99] for side, table in data.latency.items()
    }
    return {
        "names": data.stages(),
        "throughput": {side: row[f"{side}_runs"] for side in ("old", "new")},
        "latency": curves if len(curves) == 2 else None
    }


def finding(data):
    """The two pictures in words: (throughput, latency)."""
    row = _row(data, "service", "requests_per_second")
    if not row:
        return "", ""
    throughput = (
        f"Requests per second of every run. {data.old}: median {numbers.plain(row['old'])}; "
        f"{data.new}: median {numbers.plain(row['new'])}, " + (numbers.change(
            row["old"], row["new"]) if row["differs"] else "no difference beyond the noise") + ".")
    middle, slow = _row(data, "service", "p50_ms"), _row(data, "service", "p99_ms")
    sentences = []
    for name, each in (("half of the requests are", middle), ("99 % of them are", slow)):
        sentences.append(
            f"{name} answered within {numbers.amount(each['old'], 'ms')} by {data.old} and "
            f"{numbers.amount(each['new'], 'ms')} by {data.new}")
    return throughput, f"Latency: {sentences[0]}; {sentences[1]}."
