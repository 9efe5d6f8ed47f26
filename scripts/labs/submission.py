"""`make submission`: a bundle of a learner's stages, verdicts and predictions. regrading.py grades
it again on another machine."""
import getpass
import gzip
import io
import json
import math
import re
import tarfile
import zlib
from pathlib import Path

from base import children, console, machine
from base.errors import Failure
from labs import building, catalog, grader, paths, progress
from labs.progress import UNUSABLE

BUNDLE = "submission.tar.gz"
MAX_BYTES, MAX_FILES = 10_000_000, 1000  # of all stages; one has a dozen kilobytes
UNPACKED_BYTES = 2 * MAX_BYTES  # with what tar says of each file
# Of a learner: text that a terminal does not obey.
NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]{1,100}")
ANOTHER = "Ask for a bundle of make submission"
EXAMPLE = "For example: make submission LEARNER=anna@example.org"
VERDICTS = (grader.PASS, grader.FAIL, grader.INVALID, grader.SKIPPED)


def _graded():
    """(lab, verdict as graded here) of every lab that was started and graded. Raises Failure for a
    verdict that is damaged."""
    for lab in catalog.all_labs():
        file = paths.BUILD / "labs" / f"lab{lab.number:02}.json"
        if not (paths.ROOT / lab.stage).is_dir() or not file.exists():
            continue
        try:
            verdict = json.loads(file.read_text(encoding="utf-8"))
            known = verdict["lab"] == lab.number and outcome(verdict)[0] in VERDICTS
        except UNUSABLE:
            known = False
        if not known:
            raise Failure(paths.relative(file), "it is no verdict of make grade",
                          f"Grade the lab again: make grade LAB={lab.number}")
        yield lab, verdict


def outcome(verdict: dict) -> list:
    """What another grading also has to find; the seed is another one, so counts may differ."""
    return [verdict["verdict"], *((each["name"], each["status"]) for each in verdict["results"])]


def learner() -> str:
    """Who hands in, if nobody says: the address that git knows, or the login name. Raises Failure
    if there is neither."""
    known = children.run(["git", "-C", paths.ROOT, "config", "user.email"]).stdout.strip()
    try:
        return known or getpass.getuser()
    except (KeyError, OSError):  # the second from Python 3.13 on
        raise Failure("LEARNER=", "neither git nor the system knows who you are", EXAMPLE) from None


def _must_be_a_bundle(files):
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        name = max(files, key=lambda name: len(files[name]))
        raise Failure(repr(name), f"a bundle holds at most {MAX_FILES} files and {MAX_BYTES} bytes;"
                      f" of {len(files)} files it is the largest, with {len(files[name])} bytes",
                      "Move what the build does not read out of the stage")


def pack(name: str) -> None:
    """Makes the bundle of the learner of that name. Raises Failure if no lab has been graded, or
    the stages are too large."""
    if not NAME.fullmatch(name):
        raise Failure(f"LEARNER={name!r}", "a learner's name is a line of at most 100 characters",
                      EXAMPLE)
    graded = list(_graded())
    if not graded:
        raise Failure("submission", "no lab has been graded", "Grade what you have: make grade")
    out = paths.BUILD / BUNDLE
    summary = {
        "learner": name, "version": machine.commit(paths.ROOT), "labs": [{
            "verdict": verdict, "predicted": progress.load(lab.number).get("guess"),
            "counted": progress.load(lab.number).get("answer"),
            "hints": progress.load(lab.number).get("hints", 0)
        } for lab, verdict in graded],
        "bugs": {file.stem: progress.load(file.stem)
                 for file in sorted(paths.PROGRESS.glob("bug-*.json"))}
    }
    files = {"submission.json": json.dumps(summary, indent=2).encode()}
    for lab, _ in graded:
        stage = paths.ROOT / lab.stage
        answers = {file.name: file.read_bytes() for file in stage.glob("*.json") if file.is_file()}
        files |= {f"{lab.stage}/{name}": text
                  for name, text in (building.files_of(stage) | answers).items()}
    _must_be_a_bundle(files)
    with tarfile.open(out, "w:gz") as tar:
        for name, text in files.items():  # a link is what it leads to
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
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
        tar.extract(member, folder, set_attrs=False)


def unpack(bundle: Path, folder: Path) -> tuple[str, list[dict]]:
    """Extracts the bundle; the learner, and the items of its submission.json, each with a lab that
    is known and a stage that is there. Raises Failure if it is no bundle."""
    try:
        with gzip.open(bundle) as packed:
            plain = packed.read(UNPACKED_BYTES + 1)
        if len(plain) > UNPACKED_BYTES:
            raise Failure(f"BUNDLE={bundle}", f"unpacked it has more than {UNPACKED_BYTES} bytes",
                          ANOTHER)
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            _extract(tar, folder)
    except (*UNUSABLE, tarfile.TarError, EOFError, zlib.error, MemoryError):
        raise Failure(f"BUNDLE={bundle}", "it is no archive, or it is cut off or damaged",
                      ANOTHER) from None
    labs = [lab.number for lab in catalog.all_labs()]
    try:
        told = json.loads(Path(folder, "submission.json").read_text(encoding="utf-8"))
        name, items = told["learner"], told["labs"]
        if not NAME.fullmatch(name):
            raise ValueError
        for item in items:
            number = item["verdict"]["lab"]
            counts = [item[what] for what in ("predicted", "counted", "hints")
                      if item[what] is not None]
            if (type(number) is not int or outcome(item["verdict"])[0] not in VERDICTS
                    or not all(map(math.isfinite, counts))):
                raise ValueError
            stage = catalog.find(number).stage
            labs.remove(number)  # none twice
            if not Path(folder, stage).is_dir():
                raise Failure(f"BUNDLE={bundle}", f"{stage}/ is not in it", ANOTHER)
    except UNUSABLE:
        raise Failure(f"BUNDLE={bundle}",
                      "its submission.json is missing or is not one of make submission",
                      ANOTHER) from None
    if not items:
        raise Failure(f"BUNDLE={bundle}", "there is no lab in it", ANOTHER)
    return name, items
