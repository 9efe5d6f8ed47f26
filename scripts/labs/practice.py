"""What a learner types between two gradings: the list of labs with marks, and a watch that grades
whenever a file of the stage is saved."""
import contextlib
import signal
import time

from base import console
from labs import catalog, commands, paths, progress
from labs.catalog import Lab

SOLVED, BEGUN, UNTOUCHED = "x", "~", " "
POLL_SECONDS = 0.3
WATCHED = (".cpp", ".h", ".hpp", ".txt", ".json")  # not what an editor keeps beside them


def mark(lab: Lab) -> str:
    """SOLVED if it was passed in this clone, BEGUN if its stage is there, UNTOUCHED."""
    if progress.load(lab.number).get("passed"):
        return SOLVED
    return BEGUN if (paths.ROOT / lab.stage).is_dir() else UNTOUCHED


def listing() -> None:
    """Prints every lab with its mark, and the command for the first one to go on with."""
    marks = [(lab, mark(lab)) for lab in catalog.all_labs()]
    for lab, state in marks:
        print(f"[{state}] {lab.number:2}  {lab.title:<48} {lab.data['minutes']:3} minutes  "
              f"{paths.relative(lab.page)}")
    print(f"[{SOLVED}] solved  [{BEGUN}] begun  [{UNTOUCHED}] untouched")
    for state, command in ((BEGUN, "make grade LAB={}"), (UNTOUCHED, "make lab N={}")):
        for lab, its_state in marks:
            if its_state == state:
                return console.next_command(command.format(lab.number))
    return console.next_command("make submission")


def watch(number: str) -> int:
    """Grades the lab's stage now and after each change of its files, until it passes or Ctrl-C
    comes; 0. Raises Failure if the stage is not there."""
    try:
        _grade_until_it_passes(catalog.find(number))
    except SystemExit as ended:
        if ended.code != 128 + signal.SIGINT:
            raise
        print("\nWatching has ended.")
    return 0


def _grade_until_it_passes(chosen):
    stage_dir = paths.ROOT / chosen.stage
    seen = None
    while True:
        now = _contents(stage_dir)
        if now == seen:
            time.sleep(POLL_SECONDS)
            continue
        seen = now
        if commands.grade(chosen.number, "") == 0:
            return
        print(f"Watching {chosen.stage}/: save a file to grade again, Ctrl-C to end.", flush=True)


def _contents(stage_dir):
    """{file: contents}, without those that an editor is just replacing."""
    found = {}
    for file in stage_dir.rglob("*"):
        if file.suffix in WATCHED:
            with contextlib.suppress(OSError):
                found[file] = file.read_bytes()
    return found
