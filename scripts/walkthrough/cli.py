"""`make walkthrough`: replays the whole article on this machine, step by step, and ends with the
report."""
import contextlib
import os
import re
import sys
import time

from base import console, stages, tools
from base.commandline import Options, Parser
from base.errors import Failure
from base.paths import BUILD, relative
from walkthrough import actions, finished
from walkthrough.steps import NEW, OLD, STEPS

LINES, COLUMNS = 5, 120  # of what a step says
PROGRESS_SECONDS = 60


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Measures, profiles and compares both stages of the article, in its order, with the same
        commands as the other make targets; prints each command, five lines of its output, and where
        the rest is. About five minutes. Then checks the article's findings against the profiles and
        writes build/report/index.html. Fails if a step fails or a finding is not met.

        Ctrl-C stops it and leaves nothing running. The next run goes on from there: a finished step
        is repeated only if the programs were rebuilt to something else, or its result is gone.""",
        "make walkthrough", "scripts/workshop walkthrough --restart")
    parser.add_argument("--restart", action="store_true", help="forget finished steps")
    parser.add_argument("--verbose", action="store_true", help="print all that the commands say")
    parser.add_argument("--list", action="store_true",
                        help="only list the steps; finished ones are marked")


def run(options: Options) -> None:
    for stage in (OLD, NEW):
        for kind in ("leftpad", "bench"):
            stages.program(kind, stage)
    tools.need("ab", "apache2-utils")
    tools.need("curl", "curl")
    tools.need_pprof("pprof reads the profiles, and it is not built")
    finished.STATE.mkdir(parents=True, exist_ok=True)
    if options.restart:
        finished.forget(STEPS)
    if options.list:
        return _list()
    for number, step in enumerate(STEPS, 1):
        _do(number, step, options.verbose)
    return _findings()


def _list():
    for number, step in enumerate(STEPS, 1):
        mark = "x" if finished.is_done(step) else " "
        print(f"[{mark}] {number:2} {step.title:<45} {finished.seconds_of(step):4} s")
    print(f"Left: about {finished.time_left(STEPS)}")


@contextlib.contextmanager
def _into(file, streams):
    """What is written to the streams goes to the file, also that of children."""
    terminals = [(stream, os.dup(stream.fileno())) for stream in streams]
    with file.open("wb") as out:
        for stream in streams:
            os.dup2(out.fileno(), stream.fileno())
    try:
        yield
    finally:
        for stream, terminal in terminals:
            stream.flush()
            os.dup2(terminal, stream.fileno())
            os.close(terminal)


def _tell(step, file, failed):
    """The command, LINES lines from the step's gist on, and the place of the rest; all of it, if
    it failed."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    if failed:
        print("\n".join(lines), flush=True)
        return
    print("\n".join([line for line in lines if line.startswith("$ ")][:1]))
    lines = [line[:COLUMNS] for line in lines if line.strip() and not line.startswith("$ ")]
    found = [n for n, line in enumerate(lines) if re.search(step.gist, line)]
    start = found[step.which] if found else 0
    print("\n".join(lines[start:start + LINES]))
    if len(lines) > LINES:
        print(f"({len(lines) - LINES} lines more: {relative(file)})", flush=True)


def _do(number, step, verbose):
    """Announces a step and does it, unless it is finished. A signal's status is passed on,
    anything else is an error."""
    place = f"[{number}/{len(STEPS)}]"
    if finished.is_done(step):
        seen = step.result and f", see build/{step.result}"
        print(f"{place} {step.title}: done before{seen}", flush=True)
        return
    left = finished.time_left(STEPS[number - 1:])
    painted = [console.paint(sys.stdout, *each) for each in (("1;34", place), ("1", step.title))]
    print(f"\n{' '.join(painted)}  (about {left} left)")
    print(step.note, flush=True)
    started, (action, *words) = time.monotonic(), step.command
    file = finished.STATE / f"{step.id}.log"
    # Long work shows its progress, which goes to standard error.
    streams = (sys.stdout, ) if step.seconds > PROGRESS_SECONDS else (sys.stdout, sys.stderr)
    with contextlib.nullcontext() if verbose else _into(file, streams):
        status = getattr(actions, action)(*words)
    if not verbose:
        _tell(step, file, status)
    if status:
        if status > 128:
            raise SystemExit(status)
        raise Failure(f"step {number}, {step.title}",
                      f"it failed with exit status {status} (see above)",
                      "When that is repaired, go on from here: make walkthrough")
    finished.mark(step, time.monotonic() - started)


def _findings():
    again = finished.STATE / "again"
    again.write_text("")  # findings may fail before it writes
    print()
    console.step("The findings of the article, in what was just measured")
    status = actions.workshop("findings", "--again", again, OLD, NEW)
    print()
    console.result_at(BUILD / "report" / "index.html")
    if status:
        finished.forget(STEPS, again.read_text(encoding="utf-8").splitlines())
        raise Failure("findings", "not all of what the article finds shows here (see above)",
                      "A busy machine can hide it; to measure those again: make walkthrough")
    console.next_command(
        "xdg-open build/report/index.html    (then: make stage NAME=v3-mine, and make it faster)")
