"""Grades a bundle of somebody else again: one row for each lab, whatever the bundle does.

A row is plain JSON. With `--row FILE` it is kept there, so that a bundle is one command on any
machine; gradebook.py makes a class of such files.
"""
import hashlib
from pathlib import Path

from base import console, machine
from base.errors import Failure
from base.signals import temporary_folder
from labs import (asking, building, catalog, grader, likeness, paths, progress, starters,
                  submission)

REFUSED, BROKEN, ABSENT = "REFUSED", "BROKEN", "ABSENT"  # beside the verdicts of a stage
KINDS = ("test", "probe", "leftpad")


def sum_of(bundle: Path) -> str:
    """What tells whether a row is of this bundle."""
    with open(bundle, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def regrade(bundle: Path, row: Path | None = None, seed: int | None = None) -> int:
    """Grades the bundle and prints each lab; 0 if every verdict is the one that the learner got.
    Raises Failure if there is no such file, or it is no bundle."""
    if not bundle.is_file():
        raise Failure(f"BUNDLE={bundle}", "there is no such file",
                      "The learner makes it with: make submission")
    told = {"bundle": bundle.name, "sum": sum_of(bundle), "version": machine.commit(paths.ROOT)}
    with temporary_folder(prefix="submission.") as folder:
        try:
            told["learner"], items = submission.unpack(bundle, Path(folder))
        except Failure as refused:
            if row:
                progress.write(row, told | {"learner": "", "labs": [
                    {"lab": None, "verdict": REFUSED, "reason": str(refused)}]})
            raise
        building.libraries()
        labs = [_regraded(item, Path(folder), seed) for item in items]
    if row:
        progress.write(row, told | {"labs": labs})
    same = all(lab["same"] for lab in labs)
    print(f"Result: {'every verdict is confirmed' if same else 'verdicts differ'}")
    return 0 if same else 1


def _regraded(item, folder, seed):
    """The row of a lab, printed. Nothing that a stage brings about ends the rest."""
    lab = catalog.find(item["verdict"]["lab"])
    now = {"seed": asking.draw_from(seed)}
    stage, marks = folder / lab.stage, []
    try:
        _fill_cache(lab)
        now = grader.as_json(lab, grader.grade(lab, stage, handed_in=True), now["seed"])
        marks = likeness.marks(lab, stage)
    except Exception as error:  # one that nobody has foreseen
        now |= {"verdict": BROKEN, "results": [{"name": "grader", "status": BROKEN,
                                                "next": f"{type(error).__name__}: {error}"}]}
    same = submission.outcome(now) == submission.outcome(item["verdict"])
    reasons = [f"{each['name']}: {each.get('next', '')}" for each in now["results"]
               if each["status"] not in (grader.PASS, grader.SKIPPED)
               or each["status"] == now["verdict"] != grader.PASS]
    handed_in = item["verdict"]["verdict"]
    how = "as handed in" if same else f"DIFFERS: handed in as {handed_in}"
    print(f"  lab {lab.number:2}  {now['verdict']:7}  {how}  predicted {item['predicted']}, "
          f"counted {item['counted']}, hints {item['hints']}", flush=True)
    for reason in reasons:
        print(f"          {console.printable(reason)}", flush=True)
    return {"lab": lab.number, "verdict": now["verdict"], "handed_in": handed_in, "same": same,
            "reason": "; ".join(reasons), "hints": item["hints"], "predicted": item["predicted"],
            "counted": item["counted"], "seed": now["seed"], "marks": marks}


def _fill_cache(lab):
    """What a stage has in common with the sick one is compiled once, before anything that was
    handed in, which adds nothing to the cache."""
    with starters.starter(lab) as sick:
        for kind in KINDS:
            building.program(sick, kind)
