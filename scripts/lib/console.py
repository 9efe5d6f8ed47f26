"""What the commands print: steps, warnings, the commands they run. Colours only on a terminal."""
import os
import shlex
import sys


def paint(stream, sgr, text):
    """Text, coloured only if the stream is a terminal and NO_COLOR is unset or empty."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{sgr}m{text}\033[0m"


def step(text):
    print(paint(sys.stdout, "1;34", "==>"), text, flush=True)


def warn(text):
    print(paint(sys.stderr, "1;33", "warning:"), text, file=sys.stderr, flush=True)


def error(text):
    print(paint(sys.stderr, "1;31", "error:"), text, file=sys.stderr, flush=True)


def show(command, root):
    """Prints a command as a learner would type it at the root of the repository."""
    words = [str(word).replace(f"{root}{os.sep}", "") for word in command]
    print(paint(sys.stdout, "36", "$ " + shlex.join(words)), flush=True)


def result_at(path, root):
    print("Result:", str(path).replace(f"{root}{os.sep}", ""))


def next_command(command):
    """What to type next. The walkthrough, which goes on by itself, sets WALKTHROUGH."""
    if not os.environ.get("WALKTHROUGH"):
        print("Next:  ", paint(sys.stdout, "1", command), flush=True)
