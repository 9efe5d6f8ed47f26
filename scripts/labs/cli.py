"""The labs' commands: make a learner's stage, judge it, give hints and solutions."""
import subprocess

from base import tools
from base.errors import Failure
from labs import bugs, commands, submission

DESCRIPTIONS = {
    "lab": "Makes the stage of lab N, builds it and shows the symptom.",
    "grade": """\
Judges lab N, or every lab that was started. LABS_TIME=0 leaves out the times, which decide
nothing; of a --stage that is not the lab's own, the verdict is printed and nothing is kept.
Progress is kept in .progress/ and survives `make clean`. Verdicts go to build/labs/labNN.json.
Exit status: 0 PASS, 1 FAIL, 3 INVALID or SKIPPED (nothing is said about your stage).""",
    "hint": "Prints the next hint of lab N.",
    "solution": "Prints the reference solution of lab N, as a diff.",
    "bug": "Makes a copy of v2-optimized with one performance bug, v3-bug-SEED; once it is there, "
           "judges it.",
    "submission": "Packs your labs, verdicts and predictions into a bundle; grades a bundle anew "
                  "and compares the verdicts.",
    "noise": "Lab 13: replays the stage's procedure.json.",
}
EXAMPLES = {"lab": "make lab N=1, then make grade LAB=1", "grade": "make grade LAB=1",
            "bug": "make bug SEED=1", "hint": "make hint LAB=1",
            "solution": "make solution LAB=1", "submission": "make submission",
            "noise": "scripts/workshop noise v3-lab13-the-noise-lab"}


def add_arguments(parser):
    name = parser.command
    parser.describe(DESCRIPTIONS[name], EXAMPLES[name])
    if name in ("lab", "grade", "hint", "solution"):
        parser.add_argument("number", metavar="N", nargs="?" if name ==
                            "grade" else None, help="the lab's number")
    if name in ("lab", "grade"):
        parser.add_argument("--guess", metavar="NUMBER", default="",
                            help="what you expect, before it is counted")
    if name == "grade":
        parser.add_argument("--stage", metavar="NAME",
                            help="judge this stage (default: the lab's own)")
    if name == "bug":
        parser.add_argument("seed", metavar="SEED", help="a whole number: which bug")
        parser.add_argument("--answer", action="store_true", help="tell the bug")
    if name == "noise":
        parser.add_argument("stage", metavar="STAGE")
        parser.add_argument("--record", action="store_true", help="on runs taken here and now")
    if name == "submission":
        parser.add_argument("bundle", metavar="BUNDLE", nargs="?",
                            help="one to grade anew (default: pack one)")


def _run(given):
    if given.name == "lab":
        return commands.lab(given.number, given.guess)
    if given.name == "grade":
        return commands.grade(given.number, given.guess, given.stage)
    if given.name == "bug":
        if not (given.seed.isascii() and given.seed.isdigit()):
            raise Failure(f"SEED='{given.seed}'", "a seed is a whole number",
                          "For example: make bug SEED=1")
        return bugs.bug(int(given.seed), given.answer)
    if given.name == "noise":
        return commands.noise(given.stage, given.record)
    if given.name == "submission":
        return submission.regrade(given.bundle) if given.bundle else submission.pack()
    return getattr(commands, given.name)(given.number)


def run(options):
    tools.need("patch", "patch")
    try:
        return _run(options)
    except subprocess.TimeoutExpired as hung:
        raise Failure(hung.cmd[0], f"it has to end within {hung.timeout:.0f} s",
                      "Is the machine busy? Try again") from None
