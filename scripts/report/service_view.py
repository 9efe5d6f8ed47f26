"""What the page says of the service and in its headline: plain data for the templates. Pure functions."""
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
_UNITS = {"ms": "ms", "req/s": ""}


def headline(data) -> tuple:
    """(title, sentence below it)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return f"{data.old} against {data.new}", "The comparison has not been run yet, so there is no headline."
    if not row.differs and abs(row.new / row.old - 1) > CLOSE:
        return _noisy_headline(data, row)
    if not row.differs:
        return f"{data.old} and {data.new} serve equally fast", "ab shows no difference in requests per second beyond the noise."
    title = f"{data.new} serves {numbers.times(row.old, row.new)} the requests of {data.old}"
    return title, (
        f"{numbers.plain(row.old)} → {numbers.plain(row.new)} requests per second under ab, "
        f"{'with the same answers to every request' if row.new > row.old else 'so it is slower'}; "
        f"median of {len(row.old_runs)} interleaved pairs of runs, {row.doubt}.")


def _noisy_headline(data, service):
    """Throughput tells nothing; the benchmarks, which suffer less from a busy machine, may."""
    noise = (
        f"Whether the service gains is hidden by noise: {numbers.plain(service.old)} and {numbers.plain(service.new)} "
        "requests per second, but runs of one stage scatter as much. Close other programs and repeat: make compare.")
    row = data.row("benchmarks", "time", "LeftpadHandler")
    if not row or not row.differs or row.new > row.old:
        return f"Too noisy to tell {data.new} from {data.old}", noise
    return (
        f"The handler of {data.new} is {numbers.times(row.new, row.old)} as fast as that of {data.old}",
        f"{numbers.amount(row.old, 'ns')} → {numbers.amount(row.new, 'ns')} a call. {noise}")


def tiles(data) -> list:
    """The figures below the headline: those that were measured."""
    found = []
    wanted = (("service", "requests_per_second", "", "Requests per second", "", "ab, 8 clients"),
              ("service", "p50_ms", "", "Median latency", "ms", "ab, 8 clients"),
              ("benchmarks", "time", "LeftpadHandler", "Handler time", "ns", "benchmark LeftpadHandler"),
              ("benchmarks", "allocs", "LeftpadHandler", "Handler allocations", "", "benchmark LeftpadHandler"))
    for group, metric, name, label, unit, note in wanted:
        row = data.row(group, metric, name)
        if row:
            better = (
    row.new > row.old) == (
        metric == "requests_per_second") if row.differs else None
            found.append({"label": label, "old": numbers.amount(row.old, unit), "new": numbers.amount(row.new, unit),
                          "change": row.change, "better": better, "note": f"{note}, {row.doubt}"})
    lock = data.pair("mutex")
    if lock and all(capture.requests for capture in lock):
        old, new = (attribution.total(attribution.by_component(capture, "delay"))
                    for capture in lock)
        change = samples.change(old, new)
        found.append({
            "label": "Lock waiting", "old": numbers.amount(old.each, "ns"), "new": numbers.amount(new.each, "ns"),
            "change": change, "better": None if change == "~" else new.each < old.each,
            "note": "a request; mutex profile, one capture of each"})
    return found


def table(data) -> list:
    """The rows of the service table."""
    return [{"name": TITLES.get(row.metric, row.metric), "old": numbers.amount(row.old, _UNITS.get(row.unit, row.unit)),
             "old_spread": _spread(row.old_spread), "new": numbers.amount(row.new, _UNITS.get(row.unit, row.unit)),
             "new_spread": _spread(row.new_spread), "change": row.change, "doubt": row.doubt}
            for row in data.rows("service")]


def _spread(part):
    return f"±{100 * part:.0f}{numbers.THIN}%"


def finding(data) -> tuple:
    """The two pictures in words: (throughput, latency)."""
    row = data.row("service", "requests_per_second")
    if not row:
        return "", ""
    said = f"{row.change}, {row.doubt}" if row.differs else "no difference beyond the noise"
    throughput = (f"Requests per second of every run. {data.old}: median {numbers.plain(row.old)}; "
                  f"{data.new}: median {numbers.plain(row.new)}, {said}.")
    sentences = []
    for name, each in (("half of the requests are", data.row("service", "p50_ms")),
                       ("99 % of them are", data.row("service", "p99_ms"))):
        if each:
            sentences.append(f"{name} answered within {numbers.amount(each.old, 'ms')} by {data.old} and "
                             f"{numbers.amount(each.new, 'ms')} by {data.new} ({each.change})")
    return throughput, f"Latency: {'; '.join(sentences)}."
