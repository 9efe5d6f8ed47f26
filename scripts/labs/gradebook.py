"""`regrade FOLDER`: every bundle of a class, several at a time, and the gradebook of what was
found.

Each bundle is a command of its own, `submission BUNDLE --row FILE`, in a process of its own. A row
file that is there already, of the same bundle and version, is not made again: so a class that was
killed goes on, and so the files may come from other machines.
"""
import csv
import io
import json
import os
import time
from pathlib import Path

from base import children, console, machine
from base.errors import Failure
from base.paths import PYTHON
from flame import page
from labs import asking, building, catalog, grader, likeness, paths, progress, regrading, starters
from labs.progress import UNUSABLE

BUNDLE_SECONDS = 3600
ALIKE = 0.8
COLUMNS = ("learner", "bundle", "lab", "verdict", "handed_in", "reason", "hints", "predicted",
           "counted", "seed", "version", "alike")
FORMULAS = ("=", "+", "-", "@")  # a table calculator would compute what begins so
CHANGED = "it, or the workshop's commit, has changed while it was graded: run the command again"
POLL_SECONDS = 0.1


def regrade(folder: Path, jobs: int, flags: list[str]) -> int:
    """Grades what has no row file yet and writes FOLDER/gradebook/; 0 if every bundle could be
    graded. `flags`: more of each command. Raises Failure if there is no bundle."""
    bundles = sorted(folder.glob("*.tar.gz"))
    if not bundles:
        raise Failure(folder, "there is no .tar.gz in it", "Put the learners' bundles there")
    out = folder / "gradebook"
    seed, version = _seed(out), machine.commit(paths.ROOT)
    left = [bundle for bundle in bundles if not _known(out, bundle, version)]
    console.step(f"{len(bundles)} bundles, {len(bundles) - len(left)} of them graded before; "
                 f"{jobs} at a time, seed {seed}")
    broken = {}
    if left:
        building.libraries()  # once, since not two builds may run in one folder
        broken = _grade(left, jobs, out, version, ["--seed", str(seed), *flags])
    rows = [row for bundle in bundles
            for row in _rows(bundle, _known(out, bundle, version), broken.get(bundle))]
    _tell_alike(rows)
    _write(out, rows)
    console.result_at(out / "gradebook.csv")
    console.also_at(out / "gradebook.json", "the same for programs")
    console.also_at(out / "gradebook.html", "the class at a glance")
    return 1 if broken else 0


def _seed(out):
    """One for the whole class, so that all get the same questions; it stays for what is left.
    Raises Failure if it is damaged."""
    file = out / "seed.json"
    if not file.exists():
        progress.write(file, {"seed": asking.draw_from()})
    try:
        seed = json.loads(file.read_text(encoding="utf-8"))["seed"]
        if type(seed) is int and seed >= 0:
            return seed
    except UNUSABLE:
        pass
    raise Failure(file, "there is no seed in it", f'Write the one of gradebook.csv into it, as '
                  f'{{"seed": 7}}, or remove it: rm {file}')


def _row_file(out, bundle):
    return out / "rows" / f"{bundle.name}.json"


def _known(out, bundle, version):
    """What a row file says of this bundle in this version, if there is one and it is whole."""
    try:
        told = json.loads(_row_file(out, bundle).read_text(encoding="utf-8"))
        of = told["sum"], told["version"]
    except UNUSABLE:
        return None
    return told if of == (regrading.sum_of(bundle), version) else None


def _grade(left, jobs, out, version, flags):
    """Runs a command for each bundle; {bundle: why it left no row file of this version}."""
    left, running, broken = list(left), {}, {}
    (out / "rows").mkdir(parents=True, exist_ok=True)
    with console.Bar("bundles", len(left)) as bar:
        while left or running:
            while left and len(running) < jobs:
                bundle = left.pop(0)
                _row_file(out, bundle).unlink(missing_ok=True)
                with open(_row_file(out, bundle).with_suffix(".txt"), "wb") as said:
                    running[children.start([
                        PYTHON, paths.ROOT / "scripts" / "workshop.py", "submission", bundle,
                        "--row", _row_file(out, bundle), *flags], said, env={
                            **os.environ, "LABS_BUILD_DIR": str(paths.BUILD)})
                    ] = bundle, time.monotonic()
            for child, (bundle, start) in list(running.items()):
                if child.poll() is None and time.monotonic() - start > BUNDLE_SECONDS:
                    children.kill(child)
                if child.poll() is not None:
                    del running[child]
                    status = children.wait(child)
                    if _row_file(out, bundle).exists():
                        if not _known(out, bundle, version):
                            broken[bundle] = CHANGED
                    else:
                        said = children.last_words(
                            _row_file(out, bundle).with_suffix(".txt").read_text(
                                encoding="utf-8", errors="replace"))
                        broken[bundle] = (f"its grading ended ({children.how_it_ended(status)}); "
                                          f"it said: {said}")
                    bar.step()
            time.sleep(POLL_SECONDS)
    return broken


def _rows(bundle, told, broken):
    """A row for each lab, handed in or not, or one that says why there is none."""
    told = told or {"learner": "", "version": "", "labs": [
        {"lab": None, "verdict": regrading.BROKEN, "reason": broken}]}
    labs = {row["lab"]: row for row in told["labs"]}
    if None not in labs:
        for lab in catalog.all_labs():
            labs.setdefault(lab.number, {"lab": lab.number, "verdict": regrading.ABSENT})
    for number in sorted(labs, key=lambda number: number or 0):
        yield {name: None for name in COLUMNS} | labs[number] | {
            "learner": told["learner"], "bundle": bundle.name, "version": told["version"]}


def _tell_alike(rows):
    """Into each row, the bundles whose stage is much like this one, or that the reference is."""
    of_labs = {}
    for row in rows:
        if row.get("marks"):
            of_labs.setdefault(row["lab"], []).append(row)
    for number, group in of_labs.items():
        lab = catalog.find(number)
        with starters.solution(lab) as folder:
            reference = {"bundle": "the reference", "marks": likeness.marks(lab, folder)}
        for row in group:
            parts = ((other["bundle"], likeness.likeness(row["marks"], other["marks"]))
                     for other in (reference, *group) if other is not row)
            row["alike"] = ", ".join(f"{name} ({part:.0%})" for name, part in parts
                                     if part >= ALIKE)


def _cell(value):
    text = "" if value is None else console.printable(str(value))
    return f"'{text}" if text.startswith(FORMULAS) and not isinstance(value, (int, float)) else text


def _write(out, rows):
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    progress.write_text(out / "gradebook.csv", table.getvalue())
    progress.write(out / "gradebook.json", {
        "rows": [{name: row[name] for name in COLUMNS} for row in rows]})
    progress.write_text(out / "gradebook.html", _page(rows))


def _page(rows):
    """The distribution of the class and the labs that hurt."""
    learners, labs = {}, []
    for row in rows:
        name = f"{row['learner']} ({row['bundle']})"
        learners.setdefault(name, {})[row["lab"]] = row
    for lab in catalog.all_labs():
        of_lab = [row for row in rows if row["lab"] == lab.number]
        passed = sum(row["verdict"] == grader.PASS for row in of_lab)
        tried = sum(row["verdict"] != regrading.ABSENT for row in of_lab)
        hints = [row["hints"] for row in of_lab if row["hints"] is not None]
        labs.append({"lab": lab, "passed": passed, "tried": tried,
                     "hints": round(sum(hints) / len(hints), 1) if hints else ""})
    passes = [sum(row["verdict"] == grader.PASS for row in rows_of.values())
              for rows_of in learners.values()]
    return page.environment(Path(__file__).parent / "templates").get_template(
        "gradebook.html.j2").render(
            learners=learners, labs=sorted(labs, key=lambda each: each["passed"] - each["tried"]),
            distribution=[(number, passes.count(number)) for number in range(len(labs) + 1)],
            most=max(map(passes.count, passes)), numbers=[lab.number for lab in catalog.all_labs()],
            style=page.asset("theme.css"))
