"""`make submission`: a bundle of a learner's stages, verdicts and predictions that another
machine grades anew."""
import json
import tarfile
import zlib
from pathlib import Path

from base import console
from base.errors import Failure
from base.signals import temporary_folder
from labs import asking, building, catalog, grader, paths, progress

BUNDLE = "submission.tar.gz"
MAX_BYTES, MAX_FILES = 10_000_000, 1000  # of all stages; one has a dozen kilobytes
ANOTHER = "Ask for a bundle of make submission"
VERDICTS = (grader.PASS, grader.FAIL, grader.INVALID, grader.SKIPPED)


def _graded():
    """(lab, verdict as graded here) of every lab that was started and graded."""
    for lab in catalog.all_labs():
        verdict = paths.BUILD / "labs" / f"lab{lab.number:02}.json"
        if (paths.ROOT / lab.stage).is_dir() and verdict.exists():
            yield lab, json.loads(verdict.read_text(encoding="utf-8"))


def _grade(lab, stage_dir):
    seed = asking.draw_from()
    return grader.as_json(lab, grader.grade(lab, stage_dir), seed)


def _outcome(verdict):
    """What another grading has to find, too; the seed is another one, so counts may differ."""
    return [verdict["verdict"], *((each["name"], each["status"]) for each in verdict["results"])]


def pack() -> None:
    """Makes the bundle. Raises Failure if no lab has been graded."""
    graded = list(_graded())
    if not graded:
        raise Failure("submission", "no lab has been graded", "Grade what you have: make grade")
    out = paths.BUILD / BUNDLE
    with temporary_folder() as folder:
        summary = {
            "labs": [{
                "verdict": verdict, "predicted": progress.load(lab.number).get("guess"),
                "counted": progress.load(lab.number).get("answer"),
                "hints": progress.load(lab.number).get("hints", 0)
            } for lab, verdict in graded]
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
        f"anew)"
    )


def _printable(text):
    """A compiler repeats what a stage has, which may be more than text to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


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


def _unpack(bundle, folder):
    """Extracts the bundle; the items of its submission.json, each with a lab that is known and a
    stage that is there."""
    try:
        with tarfile.open(bundle) as tar:
            _extract(tar, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError):
        raise Failure(f"BUNDLE={bundle}", "it is no archive, or it is cut off or damaged",
                      ANOTHER) from None
    labs = [lab.number for lab in catalog.all_labs()]
    try:
        items = json.loads(Path(folder, "submission.json").read_text(encoding="utf-8"))["labs"]
        for item in items:
            stage = catalog.find(item["verdict"]["lab"]).stage
            told = [item["predicted"], item["counted"], item["hints"]]
            if _outcome(item["verdict"])[0] not in VERDICTS or not all(
                    isinstance(one, (int, float, type(None))) for one in told):
                raise ValueError
            labs.remove(item["verdict"]["lab"])  # none twice
            if not Path(folder, stage).is_dir():
                raise Failure(f"BUNDLE={bundle}", f"{stage}/ is not in it", ANOTHER)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise Failure(f"BUNDLE={bundle}",
                      "its submission.json is missing or is not one of make submission",
                      ANOTHER) from None
    if not items:
        raise Failure(f"BUNDLE={bundle}", "there is no lab in it", ANOTHER)
    return items


def regrade(bundle: str) -> int:
    """Grades a bundle anew. 0 if every verdict is the one that the learner got."""
    if not Path(bundle).is_file():
        raise Failure(f"BUNDLE={bundle}", "there is no such file",
                      "The learner makes it with: make submission")
    same = True
    with temporary_folder(prefix="submission.") as folder:
        items = _unpack(bundle, folder)
        building.libraries()
        for item in items:
            lab = catalog.find(item["verdict"]["lab"])
            now = _grade(lab, Path(folder, lab.stage))
            equal = _outcome(now) == _outcome(item["verdict"])
            same &= equal
            handed_in = item["verdict"]["verdict"]
            how = "as handed in" if equal else f"DIFFERS: handed in as {handed_in}"
            print(f"  lab {lab.number:2}  {now['verdict']:7}  {how}  "
                  f"predicted {item['predicted']}, counted {item['counted']}, hints "
                  f"{item['hints']}", flush=True)
            for each in now["results"]:
                if each["status"] == grader.FAIL:
                    print(f"          {each['name']}: {_printable(each.get('next', ''))}")
    print(f"Result: {'every verdict is confirmed' if same else 'verdicts differ'}")
    return 0 if same else 1
