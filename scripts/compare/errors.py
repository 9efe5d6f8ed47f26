"""The one error of this package: value, rule, remedy. Caught in main_of, never elsewhere."""
import sys

from compare import console


class Failure(Exception):
    """What was met, what is required, and what to do about it."""

    def __init__(self, value, rule, remedy):
        super().__init__(f"{value}: {rule}. {remedy}")


def main_of(function):
    """Runs a command's main function; prints a failure as one line and exits with 1."""
    try:
        sys.exit(function(sys.argv[1:]))
    except Failure as failure:
        console.error(failure)
    except OSError as failure:
        console.error(f"{failure.filename}: {failure.strerror}. Mend that and run the command again")
    sys.exit(1)
