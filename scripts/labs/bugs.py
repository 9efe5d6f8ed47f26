"""`make bug SEED=n`: a copy of v2-optimized with one performance bug, for practice in diagnosis."""
import contextlib
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from base import children, console
from base.errors import Failure
from base.signals import temporary_folder
from labs import building, counters, paths, progress, screen, starters, suite
from labs.building import Programs
from labs.grader import BROKEN
from labs.mutations import MUTATIONS, NAMES
from labs.views import VIEWS

# Counters in which less is better, and how far above v2-optimized's a counter is still the same.
GROUPS = ("operations", "inputs", "logger", "growth")
GROWTH_SLACK_BYTES = 65536
BYTES_SLACK = 0.05  # one to spare is no bug


def chosen(seed: int) -> tuple:
    """The mutation of a seed: 24 seeds in a row are 24 different bugs in an order of no help."""
    order = list(range(len(MUTATIONS)))
    random.Random(len(MUTATIONS)).shuffle(order)
    return MUTATIONS[order[seed % len(order)]]


def inject(mutation: tuple, folder: Path) -> None:
    """Puts the bug into a copy of v2-optimized. Raises Failure if its place is not there once."""
    _, name, file, old, new = mutation
    path = Path(folder, file)
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise Failure(f"bug '{name}'", f"its place occurs {text.count(old)} times in {file}",
                      "Restore it: git checkout v2-optimized")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _copy_with(mutation, folder):
    shutil.copytree(paths.ROOT / paths.BASE_STAGE, folder)
    if mutation:
        inject(mutation, folder)
    for file in Path(folder).rglob("*.[ch]*"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"\b\w+\b", lambda word: NAMES.get(word[0], word[0]), text),
                        encoding="utf-8")


@contextlib.contextmanager
def directory_with(mutation: tuple | None) -> Iterator[Path]:
    """A temporary copy of v2-optimized, with the bug if there is one."""
    with temporary_folder(prefix="leftpad-bug.") as parent:
        folder = Path(parent, "stage")
        _copy_with(mutation, folder)
        yield folder


def counted(folder: Path) -> dict:
    """{group:metric: value} of the stage's counters."""
    programs = Programs(folder)
    return {
        f"{group}:{name}": value for group in GROUPS
        for name, value in counters.GROUPS[group](programs).items()
    }


def worse(before: dict, after: dict) -> list[tuple]:
    """Counters that rose: [(name, before, after)]."""
    def slack(name):
        if name.startswith("growth:"):
            return GROWTH_SLACK_BYTES
        return BYTES_SLACK * before[name] if name.endswith(".bytes") else 0
    return [(name, before[name], value) for name, value in after.items()
            if value > before[name] + slack(name)]


def bug(seed: int, answer: bool, view: str = "") -> int:
    """Makes v3-bug-SEED; if it is there, notes the view that showed the bug and judges it. Raises
    Failure for a view that there is not."""
    _must_be_a_view(seed, view)
    mutation = chosen(seed)
    stage_dir = paths.ROOT / f"v3-bug-{seed}"
    if answer:
        return _tell(mutation)
    if not stage_dir.exists():
        with starters.whole(stage_dir) as fresh:
            _copy_with(mutation, fresh)
        console.step(
            f"Made {stage_dir.name}/: v2-optimized with one performance bug; its answers are right")
        print(f"Load it, capture, name the view that shows the bug ({', '.join(VIEWS)}), then fix "
              "it.")
        console.next_command(f"make build && make profile-cpu STAGE={stage_dir.name}, or another "
                             f"view;    after the repair: make bug SEED={seed} "
                             f"VIEW='{VIEWS[0]}'")
        return 0
    _note(seed, view)
    return _judge(stage_dir, seed)


def _must_be_a_view(seed, view):
    if view and view not in VIEWS:
        raise Failure(f"VIEW='{view}'", f"a view is one of {', '.join(VIEWS)}",
                      f"For example: make bug SEED={seed} VIEW='{VIEWS[0]}'")


def _note(seed, given):
    """The view: given, noted before, or typed."""
    known = progress.load(f"bug-{seed}").get("view")
    view = given or known or screen.typed(f"Which view showed it ({', '.join(VIEWS)})? ")
    _must_be_a_view(seed, view)
    if view:
        progress.save(f"bug-{seed}", view=view)
        print(f"The view that showed it: {view}.")
    else:
        print(f"Name the view that showed it: make bug SEED={seed} VIEW='{VIEWS[0]}'")


def _tell(mutation):
    kind, name, file, *_ = mutation
    print(f"{kind}: {name}, in {file}")
    with directory_with(None) as good, directory_with(mutation) as sick:
        done = children.run(["diff", "-u", "--label", f"v2-optimized/{file}", "--label",
                             f"with the bug/{file}", good / file, sick / file])
    print(done.stdout, end="")
    return 0


def _found(stage_dir):
    """In what the stage is worse than v2-optimized: [(name, there, here)]. Raises CompileError if
    that does not compile."""
    try:
        test, _ = (building.program(stage_dir, kind) for kind in ("test", "probe"))
    except building.CompileError as error:
        print(error)
        return [("it compiles", "yes", "no")]
    try:
        if failed := suite.contract(test):
            return [(f"contract suite, {name}", "passes", "fails") for name in failed]
        after = counted(stage_dir)
    except BROKEN as error:
        print(error)
        return [("the counters can be read", "yes", "no")]
    return worse(counted(paths.ROOT / paths.BASE_STAGE), after)


def _judge(stage_dir, seed):
    building.libraries()
    try:
        found = _found(stage_dir)
    except building.CompileError as error:
        raise Failure(paths.BASE_STAGE, f"it does not compile ({error})",
                      f"Restore it: git checkout {paths.BASE_STAGE}") from None
    for name, before, after in found:
        print(f"  {name}: {after}; v2-optimized: {before}")
    print("Result:", "FAIL: see above" if found else
          "PASS: the contract suite passes, and every counter is as good as that of v2-optimized")
    progress.save(f"bug-{seed}", passed=not found)
    console.next_command(f"make bug SEED={seed} ANSWER=1" if found else f"make bug SEED={seed + 1}")
    return 1 if found else 0


def prove() -> int:
    """How many bugs the counters catch: prints each; 0 if at least 95 of 100 are caught."""
    caught = 0
    with directory_with(None) as folder:
        before = counted(folder)
    for mutation in MUTATIONS:
        with directory_with(mutation) as folder:
            found = worse(before, counted(folder))
        caught += bool(found)
        shown = ", ".join(f"{name} {old} -> {new}" for name, old, new in found[:2])
        print(f"{'caught' if found else 'MISSED'}  {mutation[0]}: {mutation[1]}  {shown}",
              flush=True)
    kinds = len({mutation[0] for mutation in MUTATIONS})
    print(f"{caught} of {len(MUTATIONS)} bugs of {kinds} kinds are caught by the counters")
    return 0 if caught >= 0.95 * len(MUTATIONS) and len(MUTATIONS) >= 20 and kinds >= 6 else 1
