"""What the page says of the service and in its headline: plain data for the templates. Pure."""
from flame import numbers, samples
from report import attribution

TITLES = {
    "requests_per_second": "Requests per second",
    "mean_ms": "Mean time",
    "p50_ms": "Median (p50)",
    "p99_ms": "p99",
}
# Medians that are closer than this count as equal if their difference is within the noise.
CLOSE = 0.1
_UNITS = {"req/s": ""}
# group, metric, name, label, unit, where it is from
_TILES = (
    ("service", "requests_per_second", "", "Requests per second", "", "ab, 8 clients"),
    ("service", "p50_ms", "", "Median latency", "ms", "ab, 8 clients"),
    ("benchmarks", "time", "LeftpadHandler", "Handler time", "ns", "benchmark LeftpadHandler"),
    ("benchmarks", "allocs", "LeftpadHandler", "Handler allocations", "",
     "benchmark LeftpadHandler"),
)


def headline(data) -> tuple:
    """(title, sentence below it)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return (f"{data.old} against {data.new}",
                "The comparison has not been run yet, so there is no headline.")
    if not row.differs and abs(row.new / row.old - 1) > CLOSE:
        return _noisy_headline(data, row)
    if not row.differs:
        return (f"{data.old} and {data.new} serve equally fast",
                "ab shows no difference in requests per second beyond the noise.")
    faster = "with the same answers to every request" if row.new > row.old else "so it is slower"
    return (f"{data.new} serves {numbers.times(row.old, row.new)} the requests of {data.old}",
            f"{numbers.plain(row.old)} → {numbers.plain(row.new)} requests per second under ab, "
            f"{faster}; median of {len(row.old_runs)} interleaved pairs of runs, {row.doubt}.")


def _noisy_headline(data, service):
    """Throughput tells nothing; the benchmarks, which suffer less from a busy machine, may."""
    noise = (f"Whether the service gains is hidden by noise: {numbers.plain(service.old)} and "
             f"{numbers.plain(service.new)} requests per second, but runs of one stage scatter as "
             "much. Close other programs and repeat: make compare.")
    row = data.row("benchmarks", "time", "LeftpadHandler")
    if not row or not row.differs or row.new > row.old:
        return f"Too noisy to tell {data.new} from {data.old}", noise
    times = numbers.times(row.new, row.old)
    return (f"The handler of {data.new} is {times} as fast as that of {data.old}",
            f"{numbers.amount(row.old, 'ns')} → {numbers.amount(row.new, 'ns')} a call. {noise}")


def tiles(data) -> list:
    """The figures below the headline: those that were measured."""
    found = []
    for group, metric, name, label, unit, source in _TILES:
        if row := data.row(group, metric, name):
            more_is_better = metric == "requests_per_second"
            found.append({
                "label": label, "change": row.change, "note": f"{source}, {row.doubt}",
                "old": numbers.amount(row.old, unit), "new": numbers.amount(row.new, unit),
                "better": (row.new > row.old) == more_is_better if row.differs else None})
    lock = data.pair("mutex")
    if lock and all(capture.requests for capture in lock):
        old, new = (attribution.total(attribution.by_component(each, "delay"), each.requests)
                    for each in lock)
        change = samples.change(old, new)
        found.append({
            "label": "Lock waiting", "change": change,
            "note": "a request; mutex profile, one capture of each",
            "old": numbers.amount(old.each, "ns"), "new": numbers.amount(new.each, "ns"),
            "better": None if change == "~" else new.each < old.each})
    return found


def table(data) -> list:
    """The rows of the service table."""
    found = []
    for row in data.rows("service"):
        unit = _UNITS.get(row.unit, row.unit)
        found.append({
            "name": TITLES.get(row.metric, row.metric), "change": row.change, "doubt": row.doubt,
            "old": numbers.amount(row.old, unit), "old_spread": numbers.spread(row.old_spread),
            "new": numbers.amount(row.new, unit), "new_spread": numbers.spread(row.new_spread)})
    return found


def finding(data) -> tuple:
    """The two pictures in words: (throughput, latency)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return "", ""
    said = f"{row.change}, {row.doubt}" if row.differs else "no difference beyond the noise"
    throughput = (f"Requests per second of every run. {data.old}: median {numbers.plain(row.old)}; "
                  f"{data.new}: median {numbers.plain(row.new)}, {said}.")
    sentences = []
    for name, metric in (("half of the requests are", "p50_ms"), ("99 % of them are", "p99_ms")):
        if row := data.row("service", metric):
            old, new = numbers.amount(row.old, "ms"), numbers.amount(row.new, "ms")
            sentences.append(f"{name} answered within {old} by {data.old} and {new} by {data.new} "
                             f"({row.change})")
    return throughput, f"Latency: {'; '.join(sentences)}."
