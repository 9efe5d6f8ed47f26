"""Puts the verdicts on paper: compare.txt, Markdown, CSV and compare.json. Pure functions."""
import math
import statistics
from collections.abc import Callable

from compare import estimate, service_slices, tables

PARTS = ("benchmarks", "service")
SCHEMA = 2  # of compare.json; a change of meaning raises it


def rows_of_benchmarks(names: list, runs: list) -> list[estimate.Row]:
    """A row for each benchmark and metric. runs: for each process pair {name: slices.PairRun}.

    Judged is processor time: it leaves out what other programs take from a slice. Real time stands
    in compare.json.
    """
    rows = []
    for metric, kind, old, new in (("time", "measured", 0, 2), ("wall", "shown", 1, 3)):
        for name in names:
            blocks = [run[name].blocks for run in runs]
            rows.append(estimate.Row(
                name, metric, "ns/op",
                *(tuple(statistics.median_high(block[side] for block in pair) for pair in blocks)
                  for side in (old, new)),
                tuple(estimate.process_ratio([(block[old], block[new]) for block in pair])
                      for pair in blocks), kind))
    for metric, unit, index in (("bytes", "B/op", 0), ("allocs", "allocs/op", 1)):
        for name in names:
            rows.append(estimate.Row(name, metric, unit, *(
                tuple(run[name].counters[side][index] for run in runs) for side in ("old", "new")),
                kind="counted"))
    return rows


def paper(old: str, new: str, verdicts: dict, notes: list,
          render: Callable[[list], list] = tables.as_text) -> str:
    """The whole comparison as text. verdicts: {"benchmarks": [...], "service": [...]}; notes: lines
    below the tables."""
    text = [f"old: {old}", f"new: {new}", ""]
    for metric in tables.TITLES:
        if chosen := [each for each in verdicts["benchmarks"] if each.row.metric == metric]:
            text += [*render(tables.benchmark_table(metric, chosen)), ""]
    if verdicts["service"]:
        text += [*render(tables.service_table(verdicts["service"])), ""]
    text += notes
    if verdicts["service"]:
        text += ["", gain(old, new, verdicts["service"][0])]
    return "\n".join(text).rstrip("\n") + "\n"


def gain(old: str, new: str, throughput: estimate.Verdict) -> str:
    """The last line: what the service gained, or what could have been seen."""
    if throughput.low is None:
        return "Service: too few processes were run to judge requests per second."
    low, high = (1 + part for part in (throughput.low, throughput.high))
    if throughput.differs:
        return (f"Service: {new} serves {1 + throughput.delta:.2f} times [{low:.2f}, {high:.2f}] "
                f"the requests per second of {old}.")
    return (f"Service: not decided between {old} and {new}: requests per second changed by "
            f"{tables.delta(throughput)[2:]} per cent; a change above {throughput.would_show:.1%} "
            "would most likely have shown.")


def notes(verdicts: dict, services: list[service_slices.PairRun], pairs: int) -> list[str]:
    """The lines below the tables: how the figures were made and how to read them. pairs: of
    benchmark processes."""
    lines = tables.explanation([*verdicts["benchmarks"], *verdicts["service"]], pairs)
    if verdicts["service"]:
        lines += service_slices.explanation(services)
    return lines


def warnings(verdicts: list) -> list[str]:
    """Benchmarks that wait or share: where real time changed by another part than processor
    time."""
    time = {verdict.row.name: verdict for verdict in verdicts if verdict.row.metric == "time"}
    found = []
    for verdict in verdicts:
        other = time.get(verdict.row.name)
        if verdict.row.metric == "wall" and verdict.low is not None and other.low is not None:
            apart = max(verdict.low - other.high, other.low - verdict.high)
            if apart > estimate.MARGIN * (1 + other.delta):
                real, processor = (tables.change(vars(each)) for each in (verdict, other))
                found.append(f"{verdict.row.name}: real time changed by {real}, processor time by "
                             f"{processor}: it waits for something. Look at make profile-wall")
    return found


def worse_by(verdict: estimate.Verdict, limit: float) -> bool:
    """Whether a judged row is surely worse by more than `limit` (a part of 1): more of anything but
    requests/s is."""
    if not verdict.differs or verdict.row.kind == "shown":
        return False
    if verdict.row.metric == "requests_per_second":
        return 1 / (1 + verdict.high) - 1 > limit
    return verdict.low is None or verdict.low > limit


def _finite(value):
    return value if value is None or math.isfinite(value) else None


def _entry(verdict):
    row = verdict.row
    return {
        "name": row.name, "metric": row.metric, "unit": row.unit, "old": verdict.old,
        "new": verdict.new, "delta": _finite(verdict.delta), "low": verdict.low,
        "high": verdict.high, "differs": verdict.differs, "exact": verdict.exact,
        "odd": verdict.odd, "would_show": verdict.would_show, "old_runs": list(row.old),
        "new_runs": list(row.new)
    }


def document(about: dict, verdicts: dict) -> dict:
    """compare.json. delta, low, high: parts of 1, null where there is no such number; runs: a value
    for each process."""
    rule = {"estimate": "Hodges-Lehmann over process pairs of the blocks' median ln(new/old)",
            "interval": "Wilcoxon signed rank, Bonferroni", "confidence": estimate.CONFIDENCE,
            "margin": estimate.MARGIN}
    rows = {part: [_entry(verdict) for verdict in verdicts[part]] for part in PARTS}
    return {"schema": SCHEMA, **about, "rule": rule, **rows}
