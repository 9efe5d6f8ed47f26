"""`make submission`: a bundle of a learner's stages, verdicts and predictions. regrading.py grades
it again on another machine."""
import getpass
import json
import re
import tarfile
import zlib
from pathlib import Path

from base import children, console, machine
from base.errors import Failure
from base.signals import temporary_folder
from labs import building, catalog, grader, paths, progress

BUNDLE = "submission.tar.gz"
MAX_BYTES, MAX_FILES = 10_000_000, 1000  # of all stages; one has a dozen kilobytes
NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,100}")  # of a learner
ANOTHER = "Ask for a bundle of make submission"
VERDICTS = (grader.PASS, grader.FAIL, grader.INVALID, grader.SKIPPED)


def _graded():
    """(lab, verdict as graded here) of every lab that was started and graded."""
    for lab in catalog.all_labs():
        verdict = paths.BUILD / "labs" / f"lab{lab.number:02}.json"
        if (paths.ROOT / lab.stage).is_dir() and verdict.exists():
            yield lab, json.loads(verdict.read_text(encoding="utf-8"))


def outcome(verdict: dict) -> list:
    """What another grading also has to find; the seed is another one, so counts may differ."""
    return [verdict["verdict"], *((each["name"], each["status"]) for each in verdict["results"])]


def learner() -> str:
    """Who hands in, if nobody says: the address that git knows, or the login name."""
    known = children.run(["git", "-C", paths.ROOT, "config", "user.email"]).stdout.strip()
    return known or getpass.getuser()


def pack(name: str) -> None:
    """Makes the bundle of the learner of that name. Raises Failure if no lab has been graded."""
    if not NAME.fullmatch(name):
        raise Failure(f"LEARNER={name!r}", "a learner's name is a line of at most 100 characters",
                      "For example: make submission LEARNER=anna@example.org")
    graded = list(_graded())
    if not graded:
        raise Failure("submission", "no lab has been graded", "Grade what you have: make grade")
    out = paths.BUILD / BUNDLE
    with temporary_folder() as folder:
        summary = {
            "learner": name, "version": machine.commit(paths.ROOT), "labs": [{
                "verdict": verdict, "predicted": progress.load(lab.number).get("guess"),
                "counted": progress.load(lab.number).get("answer"),
                "hints": progress.load(lab.number).get("hints", 0)
            } for lab, verdict in graded],
            "bugs": {file.stem: progress.load(file.stem)
                     for file in sorted(paths.PROGRESS.glob("bug-*.json"))}
        }
        Path(folder, "submission.json").write_text(
            json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        with tarfile.open(out, "w:gz") as tar:
            tar.add(Path(folder, "submission.json"), "submission.json")
            for lab, _ in graded:
                stage = paths.ROOT / lab.stage
                for name in [*building.files_of(stage), *(f.name for f in stage.glob("*.json"))]:
                    tar.add(stage / name, f"{lab.stage}/{name}")
    for lab, verdict in graded:
        print(f"  lab {lab.number:2}  {verdict['verdict']}")
    print(f"Result: {paths.relative(out)}")
    console.next_command(
        f"make submission BUNDLE={paths.relative(out)}    (on the teacher's machine: grades it "
        f"again)"
    )


def _extract(tar, folder):
    """Plain files of stages, few and small: a bundle comes from somebody else."""
    bytes_left = MAX_BYTES
    for number, member in enumerate(tar):
        parts = Path(member.name).parts
        if not member.isfile() or ".." in parts or member.name.startswith("/"):
            raise Failure(repr(member.name), "a bundle holds plain files of stages only", ANOTHER)
        bytes_left -= member.size
        if number == MAX_FILES or bytes_left < 0:
            raise Failure(repr(member.name), f"a bundle holds at most {MAX_FILES} files and "
                          f"{MAX_BYTES} bytes", ANOTHER)
        member.mode = 0o644
        tar.extract(member, folder)


def unpack(bundle: Path, folder: Path) -> tuple[str, list[dict]]:
    """Extracts the bundle; the learner, and the items of its submission.json, each with a lab that
    is known and a stage that is there. Raises Failure if it is no bundle."""
    try:
        with tarfile.open(bundle) as tar:
            _extract(tar, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, MemoryError):
        raise Failure(f"BUNDLE={bundle}", "it is no archive, or it is cut off or damaged",
                      ANOTHER) from None
    labs = [lab.number for lab in catalog.all_labs()]
    try:
        told = json.loads(Path(folder, "submission.json").read_text(encoding="utf-8"))
        name, items = told["learner"], told["labs"]
        if not NAME.fullmatch(name):
            raise ValueError
        for item in items:
            stage = catalog.find(item["verdict"]["lab"]).stage
            numbers = [item["predicted"], item["counted"], item["hints"]]
            if outcome(item["verdict"])[0] not in VERDICTS or not all(
                    isinstance(one, (int, float, type(None))) for one in numbers):
                raise ValueError
            labs.remove(item["verdict"]["lab"])  # none twice
            if not Path(folder, stage).is_dir():
                raise Failure(f"BUNDLE={bundle}", f"{stage}/ is not in it", ANOTHER)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Failure(f"BUNDLE={bundle}",
                      "its submission.json is missing or is not one of make submission",
                      ANOTHER) from None
    if not items:
        raise Failure(f"BUNDLE={bundle}", "there is no lab in it", ANOTHER)
    return name, items
