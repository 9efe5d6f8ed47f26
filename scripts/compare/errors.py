"""The one error of this package: value, rule, remedy. Caught in main_of, never elsewhere."""
import os
import sys


class Failure(Exception):
    """What was met, what is required, and what to do about it."""

    def __init__(self, value, rule, remedy):
        super().__init__(f"{value}: {rule}. {remedy}")


def paint(stream, sgr, text):
    """Text, coloured only if the stream is a terminal and NO_COLOR is unset or empty."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{sgr}m{text}\033[0m"


def warn(text):
    print(paint(sys.stderr, "1;33", "warning:"), text, file=sys.stderr, flush=True)


def main_of(function):
    """Runs a command's main function; prints a Failure as one line and exits with 1."""
    try:
        sys.exit(function(sys.argv[1:]))
    except Failure as failure:
        print(paint(sys.stderr, "1;31", "error:"), failure, file=sys.stderr)
        sys.exit(1)
