"""What the commands print: steps, warnings, the commands they run. Colours only on a terminal."""
import os
import shlex
import sys
import time

from base.paths import relative

BAR_WIDTH = 30
PLAIN_LINES = 4


def paint(stream, sgr, text) -> str:
    """Text, coloured only if the stream is a terminal and NO_COLOR is unset or empty."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{sgr}m{text}\033[0m"


def step(text):
    print(paint(sys.stdout, "1;34", "==>"), text, flush=True)


def warn(text):
    print(paint(sys.stderr, "1;33", "warning:"), text, file=sys.stderr, flush=True)


def error(text):
    print(paint(sys.stderr, "1;31", "error:"), text, file=sys.stderr, flush=True)


def quoted(command) -> str:
    """A command as a learner would type it at the root of the repository."""
    return shlex.join(relative(word) for word in command)


def show(command, end=""):
    """Prints a command as a learner can copy it; `end` is "&" for one that goes on in the
    background."""
    print(paint(sys.stdout, "36", f"$ {quoted(command)}") + (end and f" {end}"), flush=True)


def result_at(path):
    print("Result:", relative(path))


def also_at(path, what):
    """One more result, if it was made."""
    if path.is_file():
        print(f"        {relative(path):<48} # {what}")


def next_command(command):
    """What to type next. The walkthrough, which goes on by itself, sets WALKTHROUGH."""
    if not os.environ.get("WALKTHROUGH"):
        print("Next:  ", paint(sys.stdout, "1", command), flush=True)


class Bar:
    """Progress of a known number of steps: with the time left on a terminal, some plain lines
    elsewhere.

    Writes to standard error, so that standard output stays a report. Call step() after each
    step."""

    def __init__(self, label, steps, stream=None, clock=time.monotonic):
        self.label, self.steps, self.stream, self.clock = label, steps, stream or sys.stderr, clock
        self.done, self.start, self.live = 0, clock(), self.stream.isatty()

    def step(self):
        self.done += 1
        left = (self.clock() - self.start) / self.done * (self.steps - self.done)
        counted = f"{self.done}/{self.steps}"
        if self.live:
            filled = BAR_WIDTH * self.done // self.steps
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            self.stream.write(f"\r{self.label} [{bar}] {counted}, {left:.0f} s left \033[K")
        elif self.done * PLAIN_LINES // self.steps > (self.done - 1) * PLAIN_LINES // self.steps:
            self.stream.write(f"  {self.label}: {counted}, {left:.0f} s left\n")
        self.stream.flush()

    def close(self):
        """Clears the bar."""
        if self.live:
            self.stream.write("\r\033[K")
            self.stream.flush()
