"""Reads what ab (ApacheBench) writes: its report and the percentiles of -e. Pure but for main.

Used by the comparison; as a command (`python3 -m compare.ab REPORT PERCENTILES`) prints the gist.
"""
import csv
import io
import re

from lib.errors import Failure, main_of

# The service table's rows: metric in compare.json, unit.
METRICS = (
    ("requests_per_second", "req/s"),
    ("mean_ms", "ms"),
    ("p50_ms", "ms"),
    ("p99_ms", "ms"),
)
REMEDY = "See the service's output; try fewer clients"


def _number(report, label, default=None):
    found = re.search(rf"^{re.escape(label)}:\s+([0-9.]+)", report, re.MULTILINE)
    if found:
        return float(found.group(1))
    if default is not None:
        return default
    raise Failure("ab's report", f"it has no line '{label}'", "Did ab end early? Run it by hand")


def percentiles(text):
    """{percent: milliseconds} of an -e file; its times are exact where the report has whole ms."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return {int(row[0]): float(row[1]) for row in rows if len(row) == 2}


def parse(report, percentiles_csv):
    """The figures of METRICS, and requests. Raises Failure if any request failed or none was made."""
    complete = _number(report, "Complete requests")
    for label in ("Failed requests", "Write errors", "Non-2xx responses"):
        count = _number(report, label, 0.0)
        if count:
            raise Failure(f"{label}: {count:.0f} of {complete:.0f}", "no request may fail", REMEDY)
    if not complete:
        raise Failure("Complete requests: 0", "ab must get answers", REMEDY)
    slowest = percentiles(percentiles_csv)
    if not {50, 99} <= slowest.keys():
        raise Failure("ab's percentiles", "the lines 50 and 99 are missing",
                      "Run ab by hand with -e FILE")
    # "Time per request" comes twice; the first is the mean that a client sees.
    return {
        "requests": int(complete),
        "requests_per_second": _number(report, "Requests per second"),
        "mean_ms": _number(report, "Time per request"),
        "p50_ms": slowest[50],
        "p99_ms": slowest[99],
    }


def main(arguments):
    with open(arguments[0], encoding="utf-8", errors="replace") as report:
        with open(arguments[1], encoding="utf-8") as table:
            result = parse(report.read(), table.read())
    print(f"  {'requests':<12}{result['requests']:>12,}   none failed")
    print(f"  {'requests/s':<12}{result['requests_per_second']:>12,.0f}")
    for name in ("mean", "p50", "p99"):
        print(f"  {name:<12}{result[name + '_ms']:>12.3f} ms")


if __name__ == "__main__":
    main_of(main)
