"""Entry point: python3 -m labs COMMAND … (PYTHONPATH=scripts). Called by scripts/labs.sh."""
import argparse
import subprocess

from labs import bugs, commands, submission
from base import children
from base.errors import Failure, main_of


def _parser():
    parser = argparse.ArgumentParser(prog="scripts/labs.sh", add_help=False)
    sub = parser.add_subparsers(dest="command", required=True)
    for name in ("lab", "grade", "hint", "solution"):
        one = sub.add_parser(name)
        one.add_argument("number", nargs="?" if name == "grade" else None, default=None)
        if name in ("lab", "grade"):
            one.add_argument("--guess", default="")
        if name == "grade":
            one.add_argument("--stage", default=None)
    one = sub.add_parser("bug")
    one.add_argument("seed")
    one.add_argument("--answer", action="store_true")
    one = sub.add_parser("noise")
    one.add_argument("stage")
    one.add_argument("--record", action="store_true")
    one = sub.add_parser("submission")
    one.add_argument("bundle", nargs="?")
    return parser


def run(arguments):
    given = _parser().parse_args(arguments)
    if given.command == "lab":
        return commands.lab(given.number, given.guess)
    if given.command == "grade":
        return commands.grade(given.number, given.guess, given.stage)
    if given.command == "bug":
        if not (given.seed.isascii() and given.seed.isdigit()):
            raise Failure(f"SEED='{given.seed}'", "a seed is a whole number",
                          "For example: make bug SEED=1")
        return bugs.bug(int(given.seed), given.answer)
    if given.command == "noise":
        return commands.noise(given.stage, given.record)
    if given.command == "submission":
        return submission.regrade(given.bundle) if given.bundle else submission.pack()
    return getattr(commands, given.command)(given.number)


def main(arguments):
    try:
        with children.no_survivors():
            return run(arguments)
    except subprocess.TimeoutExpired as hung:
        raise Failure(hung.cmd[0], f"it has to end within {hung.timeout:.0f} s",
                      "Is the machine busy? Try again") from None


main_of(main)
