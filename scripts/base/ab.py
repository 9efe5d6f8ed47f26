"""The commands of ab (ApacheBench) and the one reader of what it writes: its report and the
percentiles of -e."""
import contextlib
import csv
import io
import re
import signal
from pathlib import Path
from collections.abc import Callable, Iterator

from base import children, console
from base.errors import Failure
from base.paths import EXAMPLE_TARGET
from base.signals import temporary_folder

ENDLESS = 100_000  # requests a second: ab -t alone means at most 50000 in all
REMEDY = "See the service's output; try fewer clients"


def command(url: str, clients: int, *, requests: int | None = None, seconds: int | None = None,
            percentiles: Path | None = None, agent: str | None = None, quiet: bool = False) -> list:
    """ab with keep-alive on a whole URL: so many requests, or for so many seconds. ab writes
    percentiles to that file."""
    limit = ["-t", str(seconds)] if seconds else []
    return ["ab", *(["-q"] if quiet else []), "-k", "-c", str(clients), *limit,
            "-n", str(requests or seconds * ENDLESS),
            *(["-e", str(percentiles)] if percentiles else []),
            *(["-H", f"User-Agent: {agent}"] if agent else []), url]


def _number(report, label, default=None):
    found = re.search(rf"^{re.escape(label)}:\s+([0-9.]+)", report, re.MULTILINE)
    if not found and default is None:
        raise Failure("ab's report", f"it has no line '{label}'",
                      "Did ab end early? Run it by hand")
    return float(found[1]) if found else default


def percentiles(text: str) -> dict:
    """{percent: milliseconds} of an -e file; its times are exact where the report has whole ms."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return {int(row[0]): float(row[1]) for row in rows if len(row) == 2}


def parse(report: str, percentiles_csv: str | None = None) -> dict:
    """requests, requests_per_second and mean_ms; with percentiles also p50_ms and p99_ms.

    Raises Failure if any request failed or none was made.
    """
    complete = _number(report, "Complete requests")
    for label in ("Failed requests", "Write errors", "Non-2xx responses"):
        count = _number(report, label, 0.0)
        if count:
            raise Failure(f"{label}: {count:.0f} of {complete:.0f}", "no request may fail", REMEDY)
    if not complete:
        raise Failure("Complete requests: 0", "ab must get answers", REMEDY)
    # "Time per request" comes twice; the first is the mean that a client sees.
    figures = {"requests": int(complete),
               "requests_per_second": _number(report, "Requests per second"),
               "mean_ms": _number(report, "Time per request")}
    if percentiles_csv is not None:
        slowest = percentiles(percentiles_csv)
        if not {50, 99} <= slowest.keys():
            raise Failure("ab's percentiles", "the lines 50 and 99 are missing",
                          "Run ab by hand with -e FILE")
        figures |= {"p50_ms": slowest[50], "p99_ms": slowest[99]}
    return figures


def load(command: list, report: Path, remedy: str) -> str:
    """Runs such a command to its end, its report into that file; the report.

    Raises Failure with the remedy if ab cannot do it.
    """
    with report.open("wb") as sink:
        done = children.run(command, stdout=sink)
    text = report.read_text(encoding="utf-8", errors="replace")
    if done.status:
        raise Failure(children.last_words(done.stderr or text),
                      f"ab could not load {_server(command[-1])}", remedy)
    return text


def _server(url):
    return url.removesuffix(EXAMPLE_TARGET)


@contextlib.contextmanager
def in_background(command: list, remedy: Callable[[], str], shown: bool) -> Iterator[list]:
    """Runs such a command for as long as the context lasts; Ctrl-C then makes it report.

    Gives a list, which holds the figures of parse() afterwards. Raises Failure with what remedy()
    gives.
    """
    figures = []
    with temporary_folder(prefix="leftpad.") as folder:
        report = Path(folder, "ab.txt")
        if shown:
            console.show(command, "&")
        with report.open("wb") as sink:
            child = children.start(command, sink)
        try:
            yield figures
        finally:
            children.end(child, signal.SIGINT)
        text = report.read_text(encoding="utf-8", errors="replace")
    if not re.search(r"^Complete requests: +[1-9]", text, re.MULTILINE):
        raise Failure(children.last_words(text),
                      f"ab could not load {_server(command[-1])}", remedy())
    figures.append(parse(text))
