"""The labs' commands: make a learner's stage, judge it, give hints and solutions."""
import os
import subprocess
from pathlib import Path

from base import tools
from base.commandline import Number, Options, Parser, add_stage
from base.errors import Failure
from labs import bugs, building, commands, gradebook, practice, regrading, submission

# What stands above and below the arguments in the help.
HELP = {
    "labs": ("Lists the labs: solved, begun, untouched; what to type next.", "make labs"),
    "lab": ("Makes the stage of lab N, builds it and shows the symptom; a stage that is there "
            "stays.",
            "make lab N=1, then make grade LAB=1", "make lab N=1 RESET=1"),
    "watch": ("Grades lab N now and each time you save a file of its stage, until it passes. "
              "Ctrl-C ends it.", "make watch LAB=1"),
    "grade": ("""\
Judges lab N, or every lab that was started. LABS_TIME=0 leaves out the times, which decide
nothing; of a --stage that is not the lab's own, the verdict is printed and nothing is kept.
Progress is kept in .progress/ and survives `make clean`. Verdicts go to build/labs/labNN.json.
Exit status: 0 PASS, 1 FAIL, 3 INVALID or SKIPPED (nothing is said about your stage).""",
              "make grade LAB=1"),
    "hint": ("Prints the next hint of lab N.", "make hint LAB=1"),
    "solution": ("Prints the reference solution of lab N, as a diff.", "make solution LAB=1"),
    "bug": ("Makes a copy of v2-optimized with one performance bug, v3-bug-SEED; once it is there, "
            "notes the view that showed the bug, and judges it.",
            "make bug SEED=1, then make bug SEED=1 VIEW=CPU"),
    "submission": ("Packs your labs, verdicts and predictions into a bundle; grades a bundle again "
                   "and compares the verdicts.", "make submission"),
    "regrade": ("""\
Grades every bundle of a folder again and writes FOLDER/gradebook/: gradebook.csv, .json and .html.
One that was killed goes on with the bundles that are left. On several machines: run the command
`scripts/workshop submission BUNDLE --row FOLDER/gradebook/rows/BUNDLE.json` for each bundle, on any
of them; then this one finds the rows.""", "scripts/workshop regrade bundles --jobs 4"),
    "noise": ("Lab 13: replays the stage's procedure.json.",
              "scripts/workshop noise v3-lab13"),
}


def add_arguments(parser: Parser) -> None:
    name, add = parser.command, parser.add_argument
    parser.describe(*HELP[name])
    if name in ("lab", "grade", "hint", "solution", "watch"):
        add("number", metavar="N", nargs="?" if name == "grade" else None,
            help="the lab's number" + " (default: each that was started)" * (name == "grade"))
    if name in ("lab", "grade"):
        add("--guess", metavar="NUMBER", default="", help="what you expect, before it is counted")
    if name == "lab":
        add("--reset", action="store_true",
            help="make the stage again; yours goes to build/labs/, guess and hints stay")
    if name == "grade":
        add("--stage", metavar="NAME", help="judge this stage (default: the lab's own)")
        add("--seed", metavar="SEED", help="of the questions, to repeat a verdict (default: drawn)")
    if name == "bug":
        add("seed", metavar="SEED", help="a whole number: which bug")
        add("--view", metavar="VIEW", default="", help="the one that showed you the bug")
        add("--answer", action="store_true", help="tell the bug")
    if name == "noise":
        add_stage(parser)
        add("--slices", metavar="FILE", type=Path,
            help="the slices.json of a comparison of yours (default: the lab's)")
    if name == "submission":
        add("bundle", metavar="BUNDLE", nargs="?", help="one to grade again (default: pack one)")
        add("--learner", metavar="NAME", help="who hands in (default: git's user.email)")
        add("--row", metavar="FILE", type=Path, help="keep what was found there, as JSON")
        add("--seed", metavar="SEED", help="of the questions, to repeat a verdict (default: drawn)")
    if name == "regrade":
        add("folder", metavar="FOLDER", type=Path, help="with bundles, NAME.tar.gz")
        add("--jobs", metavar="N", action=Number, default=os.cpu_count(),
            help="bundles at a time (default: one a processor)")
    if name in ("submission", "regrade"):
        add("--without-sandbox", action="store_true",
            help="grade it although its code can then do whatever you can")


def _seed(text):
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    raise Failure(f"SEED='{text}'", "a seed is a whole number", "For example: 1")


WITHOUT = "Or let strangers' code run with your rights: --without-sandbox"
RUNS_STAGES = ("lab", "watch", "grade", "bug")
RUN = {
    "labs": lambda _: practice.listing(),
    "lab": lambda given: commands.lab(given.number, given.guess, given.reset),
    "watch": lambda given: practice.watch(given.number),
    "grade": lambda given: commands.grade(given.number, given.guess, given.stage,
                                          _seed(given.seed)),
    "hint": lambda given: commands.hint(given.number),
    "solution": lambda given: commands.solution(given.number),
    "bug": lambda given: bugs.bug(_seed(given.seed), given.answer, given.view),
    "noise": lambda given: commands.noise(given.stage, given.slices),
    "submission": lambda given: regrading.regrade(
        Path(given.bundle), given.row, _seed(given.seed)) if given.bundle
    else submission.pack(given.learner or submission.learner()),
    "regrade": lambda given: gradebook.regrade(
        given.folder, given.jobs, ["--without-sandbox"] * given.without_sandbox),
}


def run(options: Options) -> int:
    tools.need("patch", "patch")
    of_a_bundle = options.name == "submission" and options.bundle
    if options.name in RUNS_STAGES or of_a_bundle:
        strangers = of_a_bundle and not options.without_sandbox
        building.enter_sandbox(WITHOUT if strangers else "")
    try:
        return RUN[options.name](options)
    except subprocess.TimeoutExpired as hung:
        raise Failure(hung.cmd[0], f"it has to end within {hung.timeout:.0f} s",
                      "Is the machine busy? Try again") from None
