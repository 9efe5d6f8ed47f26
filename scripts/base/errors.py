"""The one error of the Python commands: value, rule, remedy. main_of prints what nobody else can
answer."""
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from base import console


class Failure(Exception):
    """What was met, what is required, and what to do about it."""

    def __init__(self, value, rule, remedy):
        super().__init__(f"{value}: {rule}. {remedy}")
        self.parts = value, rule, remedy


class UsageError(Failure):
    """A wrong command line; the command ends with status 2."""

    def __init__(self, value, rule, command):
        super().__init__(value, rule, f"Try {command} --help")


def main_of(function: Callable[[list[str]], int]) -> NoReturn:
    """Runs a command's main function; prints a failure as one line and exits with 1.

    Ctrl-C, and a reader such as head that has what it wanted, end it without a word, with 128 +
    signal.
    """
    try:
        status = function(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(status)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to write
        sys.exit(128 + signal.SIGPIPE)
    except Failure as failure:
        console.error(failure)
        if isinstance(failure, UsageError):
            sys.exit(2)
    except OSError as failure:
        console.error(
            f"{failure.filename or 'the output'}: {failure.strerror or failure}. "
            "Fix that and run the command again")
    sys.exit(1)
