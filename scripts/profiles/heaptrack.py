"""`make heaptrack`: the service under heaptrack, which sees every allocation. The labs also
record with it."""
import functools
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from base import ab, children, console, stages, tools
from base.commandline import Options, Parser, add_load, add_stage, check_load
from base.errors import Failure
from base.paths import EXAMPLE_TARGET, PROFILES, relative
from base.service import Service
from base.signals import temporary_folder
from flame.samples import Amount
from flame.stacks import LIBRARY, parse_folded, without_parameters
from profiles import show

TOP = 10
TOTALS = ("calls to allocation functions", "peak heap memory consumption", "total memory leaked")


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Records every allocation of the service while ab loads it. Prints totals, the peak and
        the places that allocate most; writes heaptrack's data, its whole report and a flame graph
        to build/profiles/STAGE/.

        It runs build/bin/leftpad-STAGE-heaptrack, a program without tcmalloc and without the heap
        sampler, so that the C library's malloc alone is watched. Expect about an eighth of the
        usual speed.""",
        "make heaptrack STAGE=v1-naive", "scripts/workshop heaptrack v1-naive -n 20000")
    add_stage(parser)
    add_load(parser, requests=5000)
    parser.add_argument("--out", metavar="DIR", type=Path,
                        help="where results go (default build/profiles/STAGE)")


def run(options: Options) -> None:
    check_load(options)
    stage, program = stages.need(options.stage), stages.built(f"leftpad-{options.stage}-heaptrack")
    tools.need("ab", "apache2-utils")
    tools.need("heaptrack", "heaptrack")
    tools.need("heaptrack_print", "heaptrack")
    prefix = (options.out or PROFILES / stage) / "heaptrack"
    console.step(
        f"Recording every allocation of {stage}: {options.requests} requests, "
        f"{options.clients} at a time")
    print("The program without tcmalloc and sampler: the C library's malloc alone is watched.")
    with temporary_folder(prefix="leftpad.") as folder:
        def drive(service):
            command = ab.command(service.url + EXAMPLE_TARGET, options.clients,
                                 requests=options.requests, quiet=True)
            console.show(command)
            ab.load(command, Path(folder, "ab.txt"),
                    f"Start the service by hand: make run STAGE={stage}")

        recorded, _ = record(functools.partial(Service, program), folder, drive, shown=True)
        prefix.parent.mkdir(parents=True, exist_ok=True)
        for ending in (".zst", ".gz", ".txt", ".folded", ".flame.html"):
            show.beside(prefix, ending).unlink(missing_ok=True)
        data = Path(shutil.move(recorded, prefix.parent))
    text, folded = report(data, show.beside(prefix, ".folded"), shown=True)
    show.beside(prefix, ".txt").write_text(text, encoding="utf-8")
    stacks = parse_folded(folded, stage)
    _tell(text, stacks, options.requests)
    show.flame(prefix, f"{stage}: allocations (heaptrack)", "allocations",
               {stack: Amount(count) for stack, count in stacks.items()})
    print()
    console.result_at(show.beside(prefix, ".txt"))
    console.also_at(show.beside(prefix, ".flame.html"), "flame graph: open it in a browser")
    console.also_at(show.beside(prefix, ".folded"), "folded stacks")
    console.next_command(f"heaptrack_print -f {relative(data)} | less")


def record(service_of: Callable[..., Service], folder: Path, drive: Callable[[Service], Any],
           shown: bool = False) -> tuple:
    """(heaptrack's data in the folder, what drive gave): drive(service) works with
    service_of(before=…) under heaptrack.

    A folder of its own, since heaptrack breaks names with spaces; an earlier recording elsewhere
    stays until this is whole.
    """
    service = service_of(before=("heaptrack", "-o", str(Path(folder, "heaptrack"))))
    if shown:
        console.show(service.command)
    with service:
        given = drive(service)
        if status := service.stop():
            raise Failure(f"heaptrack's exit status {status}",
                          "the recorded service must end with 0",
                          f"It said: {service.last_words()}")
        data = next((file for file in Path(folder).iterdir()
                    if file.suffix in (".zst", ".gz")), None)
        if data is None:
            raise Failure(str(folder), "heaptrack wrote no data",
                          f"It said: {service.last_words()}")
    return data, given


def report(data: Path, folded: Path, shown: bool = False) -> tuple:
    """(what heaptrack_print says of the data, its folded stacks, which also go to that file)."""
    command = ["heaptrack_print", "-a", "1", "-p", "1", "-T", "0", "-F", folded, "-f", data]
    if shown:
        console.show(command)
    done = children.run(command)
    if done.status:
        raise Failure(children.last_words(done.stderr),
                      f"heaptrack_print cannot read {relative(data)}", "Record it again")
    return done.stdout, folded.read_text(encoding="utf-8", errors="replace")


def totals(report: str) -> list:
    """[(label, value)] of the lines at the end of the report."""
    found = [(label, re.search(rf"^{label}: (\S+)", report, re.MULTILINE)) for label in TOTALS]
    if not all(match for _, match in found):
        raise Failure("heaptrack_print's report", f"it lacks a line of {', '.join(TOTALS)}",
                      "Run it by hand")
    return [(label, match[1]) for label, match in found]


def by_function(stacks: dict) -> list:
    """[(function, allocations)]: each stack is charged to its innermost frame in the service's own
    code."""
    counts = {}
    for frames, count in stacks.items():
        own = [name for name, kind in frames if kind != LIBRARY]
        name = without_parameters(own[-1]) if own else "(libraries at start-up)"
        counts[name] = counts.get(name, 0) + count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _tell(text, stacks, requests):
    for label, value in totals(text):
        print(f"  {label:<32}{value:>12}")
    print(f"\n  {'allocations':>12}{'per request':>13}  innermost function of the service")
    for name, count in by_function(stacks)[:TOP]:
        print(f"  {count:>12,}{count / requests:>13.1f}  {name}")
