"""What the commands of scripts/workshop share in reading command lines: one-line errors with
status 2, checked numbers."""
import argparse
import inspect
import re
import textwrap
from typing import NoReturn

from base.errors import UsageError

WIDTH = 96  # of the help
Options = argparse.Namespace  # what run() of a command gets


class Parser(argparse.ArgumentParser):
    """Of one command. A wrong command line raises UsageError: one line that says where the help
    is."""

    def __init__(self, command, **options):
        self.command = command
        super().__init__(prog=f"scripts/workshop {command}", allow_abbrev=False, add_help=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self.add_argument("--help", action="help", help="this text")

    def describe(self, description: str, *examples) -> None:
        """What stands above and below the arguments in the help."""
        self.description = "\n".join("\n".join(textwrap.wrap(line, WIDTH)) for line in
                                     inspect.cleandoc(description).splitlines())
        self.epilog = "Example: " + "\n     or: ".join(examples)

    def error(self, message: str) -> NoReturn:
        """Argparse's message as value and rule."""
        if found := re.match(r"argument (?:\S+/)?(-\S+): expected", message):
            raise UsageError(found[1], "this option needs a value", self.prog)
        if found := re.match(r"argument (\S+): invalid float value: '(.*)'", message):
            raise UsageError(f"{found[1]} {found[2]}", "the value must be a number", self.prog)
        if found := re.match(r"argument (\S+): (?:invalid choice: '(.*?)' )?\(?(.*?)\)?$", message):
            raise UsageError(found[2] or found[1], found[3].replace("'", ""), self.prog)
        if found := re.match(r"the following arguments are required: (.*)", message):
            raise UsageError("nothing", f"the command line must name {found[1]}", self.prog)
        raise UsageError(message, "it does not go with the rest", self.prog)


class Number(argparse.Action):
    """A whole number above 0."""

    def __call__(self, parser, options, value, option_string=None):
        if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
            raise UsageError(f"{option_string} {value}",
                             "the value must be a whole number above 0", parser.prog)
        setattr(options, self.dest, int(value))


def add_stage(parser: Parser) -> None:
    """The stage that the command is about."""
    parser.add_argument("stage", metavar="STAGE", help="v1-naive, v2-optimized or one of yours")


def add_load(parser: Parser, requests: int | None = None,
             group: argparse._ActionsContainer | None = None) -> None:
    """The options of a load by ab: -c CLIENTS and, with a default, -n REQUESTS, which may be in a
    group of options."""
    if requests:
        (group or parser).add_argument(
            "-n", dest="requests", metavar="REQUESTS", action=Number, default=requests,
            help="how many requests (default %(default)s)")
    parser.add_argument("-c", dest="clients", metavar="CLIENTS", action=Number, default=8,
                        help="how many requests at a time (default %(default)s)")


def check_load(options: Options) -> None:
    """Raises UsageError if ab would refuse the numbers."""
    if options.clients > options.requests:
        raise UsageError(f"-c {options.clients}",
                         f"ab takes at most as many clients as requests ({options.requests})",
                         options.prog)
