"""What the page says of the service and in its headline: plain data for the templates. Pure."""
from flame import numbers, samples
from report import attribution
from report.inputs import Inputs

TITLES = {
    "requests_per_second": "Requests per second",
    "cpu_us": "Processor time a request",
    "p50_ms": "Median latency (p50)",
    "p99_ms": "p99",
    "p999_ms": "p99.9",
    "max_ms": "Longest",
}
_UNITS = {"req/s": "", "µs/req": "µs"}
# group, metric, name, label, unit, where it is from
_TILES = (
    ("service", "requests_per_second", "", "Requests per second", "", "ab, 8 clients"),
    ("service", "p50_ms", "", "Median latency", "ms", "2,000 requests/s"),
    ("benchmarks", "time", "LeftpadHandler", "Handler time", "ns", "benchmark LeftpadHandler"),
    ("benchmarks", "allocs", "LeftpadHandler", "Handler allocations", "",
     "benchmark LeftpadHandler"),
)


def headline(data: Inputs) -> tuple:
    """(title, sentence below it)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return (f"{data.old} against {data.new}",
                "The comparison has not been run yet, so there is no headline.")
    if not row.differs:
        return _undecided(data, row)
    faster = "with the same answers to every request" if row.new > row.old else "so it is slower"
    return (f"{data.new} serves {numbers.times(1, 1 + row.delta)} the requests of {data.old}",
            f"{numbers.plain(row.old)} → {numbers.plain(row.new)} requests per second under ab, "
            f"{faster}; {row.change} over {len(row.old_runs)} pairs of services that took turns.")


def _undecided(data, service):
    """Throughput tells nothing; the benchmarks, which suffer less from a busy machine, may."""
    noise = (f"Requests per second are not decided: {numbers.plain(service.old)} and "
             f"{numbers.plain(service.new)}; a change {service.doubt}. Measure for longer: "
             "make compare SECONDS=400.")
    row = data.row("benchmarks", "time", "LeftpadHandler")
    if not row or not row.differs or row.new > row.old:
        return f"No difference is proven between {data.old} and {data.new}", noise
    times = numbers.times(1 + row.delta, 1)
    return (f"The handler of {data.new} is {times} as fast as that of {data.old}",
            f"{numbers.amount(row.old, 'ns')} → {numbers.amount(row.new, 'ns')} a call. {noise}")


def tiles(data: Inputs) -> list:
    """The figures below the headline: those that were measured."""
    found = []
    for group, metric, name, label, unit, source in _TILES:
        if row := data.row(group, metric, name):
            found.append({**row.cells(unit, more_is_better=metric == "requests_per_second"),
                          "label": label, "note": f"{source}, {row.doubt}".rstrip(", ")})
    lock = data.pair("mutex")
    if lock and all(capture.requests for capture in lock):
        old, new = (attribution.total(attribution.sums(each, "delay"), each.requests)
                    for each in lock)
        change = samples.change(old, new)
        found.append({
            "label": "Lock waiting", "change": change,
            "note": "a request; mutex profile, one capture of each",
            "old": numbers.amount(old.each, "ns"), "new": numbers.amount(new.each, "ns"),
            "better": None if change == "~" else new.each < old.each})
    return found


def table(data: Inputs) -> list:
    """The rows of the service table."""
    return [{"name": TITLES.get(row.metric, row.metric),
             **row.cells(_UNITS.get(row.unit, row.unit))} for row in data.rows("service")]


def finding(data: Inputs) -> tuple:
    """The two pictures in words: (throughput, latency)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return "", ""
    throughput = (
        f"Requests per second of every pair. {data.old}: median {numbers.plain(row.old)}; "
        f"{data.new}: median {numbers.plain(row.new)}; {row.said}.")
    sentences = []
    for name, metric in (("half of the requests are", "p50_ms"), ("99 % of them are", "p99_ms")):
        if row := data.row("service", metric):
            old, new = numbers.amount(row.old, "ms"), numbers.amount(row.new, "ms")
            sentences.append(f"{name} answered within {old} by {data.old} and {new} by {data.new} "
                             f"({row.change})")
    return throughput, f"Latency: {'; '.join(sentences)}."
