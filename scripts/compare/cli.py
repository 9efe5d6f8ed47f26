"""`make compare`, from start to end: check, measure, judge, write. The files of a comparison
replace the last one's when it is whole; what a failure in the middle leaves is judged, shown, and
kept apart."""
import contextlib
import datetime
import fcntl
import functools
import json
import math
import re
import sys
from pathlib import Path

from base import console, machine, stages, tools
from base.commandline import Options, Parser
from base.errors import Failure, UsageError
from base.paths import BUILD, ROOT, relative
from base.signals import temporary_folder
from compare import (context, estimate, formats, history, instructions, result, service_slices,
                     slices, tables)

SECONDS = 100  # with start-up and checks, less than two minutes
SERVICE_SHARE = 0.45
RESULTS = ("old.txt", "new.txt", "old.json", "new.json", "compare.txt", "compare.json",
           "slices.json", "latencies.json")


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Two processes, one of each stage, take turns of half a millisecond; then two new ones,
        and so on. Prints processor time, bytes and allocations per operation, then what the
        services do under load: each change with its interval, or ~ and what would have shown. Fails
        if a request fails or a build is a debug build; exits with 4 if --fail-if-worse finds
        something.""",
        "make compare OLD=v1-naive NEW=v3-mine SECONDS=400")
    add = parser.add_argument
    add("old", nargs="?", default="v1-naive", metavar="OLD", help="a stage (default %(default)s)")
    add("new", nargs="?", default="v2-optimized", metavar="NEW",
        help="a stage (default %(default)s)")
    add("--seconds", type=float, default=SECONDS, metavar="N",
        help="how long to measure (default %(default)s); four times as long halves the intervals")
    add("--filter", default="", metavar="REGEX", help="only the benchmarks that match")
    add("--no-service", action="store_true", help="benchmarks only")
    add("--instructions", action="store_true",
        help="also count instructions per operation (valgrind)")
    add("--fail-if-worse", type=float, metavar="PERCENT",
        help="exit with 4 if a time, a counter or requests/s is surely worse by more than that")
    add("--markdown", action="store_true", help="print Markdown tables")
    add("--csv", action="store_true", help="print a line of CSV for each row")
    add("--json", action="store_true", help="print compare.json")
    add("--out", type=Path, default=BUILD / "compare", metavar="DIR",
        help="where results go (default build/compare): compare.txt, compare.json, slices.json"
        " (every block), latencies.json, history.jsonl; for other tools old.txt, new.txt (benchstat"
        " -col stage -ignore commit) and old.json, new.json (Google Benchmark's compare.py)")


def check_options(options: Options) -> None:
    """Raises UsageError."""
    if not 1 <= options.seconds <= 86400:
        raise UsageError(f"--seconds {options.seconds:g}", "the value must lie between 1 and 86400",
                         options.prog)
    if options.fail_if_worse is not None and not 0 <= options.fail_if_worse < math.inf:
        raise UsageError(f"--fail-if-worse {options.fail_if_worse:g}",
                         "the value must be a number, 0 or more", options.prog)
    try:
        re.compile(options.filter)
    except re.error as error:
        raise UsageError(f"--filter {options.filter}", f"it is no regular expression: {error}",
                         options.prog) from None
    if options.markdown + options.csv + options.json > 1:
        raise UsageError("--markdown, --csv, --json", "give one of them", options.prog)


def _is_for_programs(options):
    """Whether standard output holds nothing but the result."""
    return options.json or options.csv or options.markdown


def run(options: Options) -> int:
    """Compares; see add_arguments for the exit status. Raises Failure."""
    check_options(options)
    sides = {"old": options.old, "new": options.new}
    programs = {kind: {side: stages.program(kind, stage) for side, stage in sides.items()}
                for kind in ("bench", "leftpad")}
    tools.need("ab", "apache2-utils")
    tools.need("objcopy", "binutils")
    facts = machine.facts(ROOT)
    for text in machine.warnings(facts, machine.busy()):
        console.warn(text)
    builds = {side: context.of(program) for side, program in programs["bench"].items()}
    context.warn_of_differences(builds)
    names = context.common_names(programs["bench"], options.filter)
    options.out.mkdir(parents=True, exist_ok=True)
    with (_only_one(options.out),
          temporary_folder(prefix=".running.", dir=options.out) as folder):
        with contextlib.redirect_stdout(sys.stderr if _is_for_programs(options) else sys.stdout):
            measured = _measure(options, programs, names, Path(folder))
        about = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                 "machine": facts, **builds, **measured.about}
        document, text = _write(options, measured, about, Path(folder))
        _show(options, measured, about, document, text)
        if measured.failure:
            broken = options.out / "broken"
            _publish(Path(folder), broken)
            raise Failure(
                *measured.failure.parts[:2],
                f"{measured.failure.parts[2]}. What was measured until then "
                f"stands in {relative(broken)}/; the last whole comparison stays")
        _publish(Path(folder), options.out)
        history.keep(options.out, document)
    if not _is_for_programs(options):
        console.result_at(options.out / "compare.json")
        console.next_command("make report")
    return _exit_status(options, measured.verdicts)


@contextlib.contextmanager
def _only_one(out):
    """Holds the folder. Raises Failure if another comparison writes there."""
    with (out / ".lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(relative(out), "another comparison is writing its results there",
                          "Wait for it, or give --out another folder") from None
        yield


class Measured:
    """What a comparison has found: runs and services so far, and the failure that ended it early,
    if one did."""

    def __init__(self):
        self.iterations, self.runs, self.services = {}, [], []
        self.instructions, self.verdicts, self.about, self.failure = [], {}, {}, None

    def notes(self) -> list[str]:
        """The lines below the tables."""
        return result.notes(self.verdicts, self.services, len(self.runs))


def _measure(options, programs, names, folder):
    found = Measured()
    share = 0 if options.no_service else SERVICE_SHARE
    try:
        seconds = options.seconds * (1 - share)
        console.step(f"Benchmarks: two live processes take turns, {seconds:.0f} s")
        for program in programs["bench"].values():
            console.show([program, "--slices"])
        with console.Bar("benchmarks", seconds, " s") as bar:
            found.iterations = slices.calibrated(programs["bench"], names)
            slices.measure(programs["bench"], found.iterations, names, seconds, bar.at, found.runs)
        if options.instructions:
            found.instructions = instructions.rows(programs["bench"], names)
        if share:
            seconds = options.seconds * share
            console.step(f"Service: both alive, {seconds:.0f} s; ab in turn, then "
                         f"{service_slices.RATE_PER_SECOND} requests/s on each")
            for command in service_slices.shown_commands(programs["leftpad"]):
                console.show(command)
            with console.Bar("service", seconds, " s") as bar:
                service_slices.measure(programs["leftpad"], seconds, folder, bar.at,
                                       found.services)
    except Failure as failure:
        if not found.runs:
            raise
        found.failure = failure
    benchmarks = result.rows_of_benchmarks(names, found.runs) + found.instructions
    services = service_slices.rows(found.services) if len(found.services) > 1 else []
    judged = estimate.judge(benchmarks + services)
    found.verdicts = {"benchmarks": judged[:len(benchmarks)], "service": judged[len(benchmarks):]}
    found.about = {
        "seconds": options.seconds,
        "pairs": {"benchmarks": len(found.runs), "service": len(found.services)},
    }
    return found


def _write(options, measured, about, folder):
    """Every result into the folder; gives compare.json's document and compare.txt."""
    rows = [verdict.row for verdict in measured.verdicts["benchmarks"]]
    for side in slices.SIDES:
        iterations = measured.iterations[side]
        (folder / f"{side}.txt").write_text(
            formats.go_text(about["machine"], about[side], rows, side, iterations),
            encoding="utf-8")
        (folder / f"{side}.json").write_text(
            formats.google_json(about[side], rows, side, iterations), encoding="utf-8")
    slices.write(folder / "slices.json", measured.iterations, measured.runs)
    (folder / "latencies.json").write_text(json.dumps({
        side: sorted(value for one in measured.services for value in one.latencies[side])
        for side in slices.SIDES}), encoding="utf-8")
    document = result.document(about, measured.verdicts)
    (folder / "compare.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    text = result.paper(options.old, options.new, measured.verdicts, measured.notes())
    (folder / "compare.txt").write_text(text, encoding="utf-8")
    return document, text


def _show(options, measured, about, document, text):
    verdicts = measured.verdicts["benchmarks"] + measured.verdicts["service"]
    if options.json:
        print(json.dumps(document, indent=1))
    elif options.csv:
        print(tables.as_csv(verdicts), end="")
    elif options.markdown:
        print(result.paper(options.old, options.new, measured.verdicts, measured.notes(),
                           tables.as_markdown), end="")
    else:
        print(f"\n{context.describe(about)}\n{text}")
    for each in result.warnings(measured.verdicts["benchmarks"]):
        console.warn(each)


def _publish(fresh, out):
    """Puts a comparison in the place of the last one, which stays until then. Other files in `out`
    also stay."""
    out.mkdir(exist_ok=True)
    for name in RESULTS:
        (fresh / name).replace(out / name)


def _exit_status(options, verdicts):
    if options.fail_if_worse is None:
        return 0
    worse = functools.partial(result.worse_by, limit=options.fail_if_worse / 100)
    found = [verdict for part in verdicts.values() for verdict in part if worse(verdict)]
    for verdict in found:
        row = verdict.row
        console.warn(f"{row.name} {row.metric}: {tables.delta(verdict)} is worse by more than "
                     f"{options.fail_if_worse:g}%")
    return 4 if found else 0
