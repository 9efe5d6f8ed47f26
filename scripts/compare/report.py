"""Puts the verdicts on paper: the text on the terminal, compare.txt and compare.json. Pure functions."""
from compare import stats, tables

# The name of the service's rows; no benchmark has it.
SERVICE = "service"


def rows_of_benchmarks(runs):
    """Rows for every benchmark that both sides have, metric by metric. runs: {side: [{name: Sample}]}."""
    names = [name for name in runs["old"][0] if name in runs["new"][0]]
    values = {
        "time": ("ns/op", lambda sample: sample.time_ns),
        "bytes": ("B/op", lambda sample: sample.bytes),
        "allocs": ("allocs/op", lambda sample: sample.allocs),
    }
    return [
        stats.Row(name, metric, unit,
                  *(tuple(value(run[name])
                          for run in runs[side])
                    for side in ("old", "new")))
        for metric, (unit, value) in values.items()
        for name in names
    ]


def rows_of_service(loads, metrics):
    """Rows for the service. loads: {side: [figures of ab.parse]}."""
    return [
        stats.Row(SERVICE, metric, unit,
                  *(tuple(load[metric]
                          for load in loads[side])
                    for side in ("old", "new")))
        for metric, unit in metrics
    ]


def text(old, new, benchmarks, service, load):
    """The whole comparison as text. load: what ab did, in words."""
    lines = [f"old: {old}", f"new: {new}"]
    for metric in tables.TITLES:
        lines += ["", *tables.benchmark_table(metric, benchmarks)]
    if service:
        lines += ["", *tables.service_table(service), f"   {load}, no failed request"]
    lines += ["", *tables.explanation(benchmarks + service)]
    if service:
        lines += ["", gain(old, new, service[0])]
    return "\n".join(lines) + "\n"


def gain(old, new, throughput):
    if not throughput.differs:
        return (
            f"Service: no difference in requests per second between {old} and {new} "
            f"beyond the noise of these runs ({throughput.noise:.0%})."
        )
    return f"Service: {new} serves {throughput.new / throughput.old:.2f} times the requests per second of {old}."


def _entry(verdict):
    row = verdict.row
    return {
        "metric": row.metric,
        "unit": row.unit,
        "old": verdict.old,
        "new": verdict.new,
        "delta": verdict.delta,
        "p": verdict.p,
        "differs": verdict.differs,
        "exact": verdict.exact,
        "noise": verdict.noise,
        "old_spread": stats.spread(row.old),
        "new_spread": stats.spread(row.new),
        "old_runs": list(row.old),
        "new_runs": list(row.new),
    }


def document(machine, builds, benchmarks, service, load):
    """compare.json. old, new: medians; delta: new/old - 1 as a part of 1, null if old is 0 and new is not."""
    return {
        "machine": machine, "build": builds, "rule": stats.RULE,
        "benchmarks": [{"name": verdict.row.name, **_entry(verdict)} for verdict in benchmarks],
        "service": [
            {**_entry(verdict), "ratio": verdict.new / verdict.old if verdict.old else None}
            for verdict in service
        ], "load": load,
    }
