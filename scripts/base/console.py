"""What the commands print: steps, warnings, the commands they run. Colours only on a terminal."""
import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

from base.paths import relative

BAR_WIDTH = 30
PLAIN_LINES = 4


def paint(stream: TextIO, sgr: str, text: str) -> str:
    """Text, coloured only if the stream is a terminal and NO_COLOR is unset or empty."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{sgr}m{text}\033[0m"


def printable(text: str) -> str:
    """What a program of somebody else says, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def step(text: str) -> None:
    """A heading on standard output."""
    print(paint(sys.stdout, "1;34", "==>"), text, flush=True)


def warn(text: str) -> None:
    """One line on standard error."""
    print(paint(sys.stderr, "1;33", "warning:"), text, file=sys.stderr, flush=True)


def error(text: object) -> None:
    """One line on standard error; ends nothing."""
    print(paint(sys.stderr, "1;31", "error:"), text, file=sys.stderr, flush=True)


def quoted(command: list) -> str:
    """A command as a learner would type it at the root of the repository."""
    return shlex.join(relative(word) for word in command)


def show(command: list, end: str = "") -> None:
    """Prints a command as a learner can copy it; `end` is "&" for one that goes on in the
    background."""
    print(paint(sys.stdout, "36", f"$ {quoted(command)}") + (end and f" {end}"), flush=True)


def result_at(path: Path) -> None:
    """Where a result is."""
    print("Result:", relative(path))


def also_at(path: Path, what: str) -> None:
    """One more result, if it was made."""
    if path.is_file():
        print(f"        {relative(path):<48} # {what}")


def next_command(command: str) -> None:
    """What to type next. The walkthrough, which goes on by itself, sets WALKTHROUGH."""
    if not os.environ.get("WALKTHROUGH"):
        print("Next:  ", paint(sys.stdout, "1", command), flush=True)


def columns(rows: list[tuple]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


class Bar:
    """Progress towards a total of steps, or of seconds: with the time left on a terminal, some
    plain lines elsewhere, as many as `lines`.

    Writes to standard error, so that standard output stays a report. Use with `with`, also one in
    another; call step() after each step, or at() with what has been reached."""

    _open = []  # where one ends, the line is again the one that it is in

    def __init__(self, label: str, total: float, unit: str = "", lines: int = PLAIN_LINES):
        self.label, self.total, self.unit, self.lines = label, total, unit, lines
        self.done, self.start, self.live = 0, time.monotonic(), sys.stderr.isatty()

    def __enter__(self):
        self._open.append(self)
        self._draw()
        return self

    def __exit__(self, *_):
        """Clears the bar."""
        self._open.remove(self)
        if self.live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        if self._open:
            self._open[-1]._draw()

    def step(self) -> None:
        """One more step is done."""
        self.at(self.done + 1)

    def begin(self, label: str, done: float) -> None:
        """Another label, for what comes now; so much is done."""
        self.label = label
        self.at(done)

    def at(self, done: float) -> None:
        """So much is done: steps, or seconds."""
        before, self.done = self.done, min(done, self.total)
        self._draw()
        if not self.live and (int(self.done * self.lines / self.total)
                              > int(before * self.lines / self.total)):
            print(f"  {self.label}: {self._text()}", file=sys.stderr, flush=True)

    def _text(self):
        text = f"{self.done:.0f}/{self.total:.0f}{self.unit}"
        if not self.done:
            return text
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        return f"{text}, {left:.0f} s left"

    def _draw(self):
        if not self.live:
            return
        text, columns = self._text(), shutil.get_terminal_size().columns
        width = min(BAR_WIDTH, columns - len(self.label) - len(text) - 5)
        filled = int(width * self.done / self.total)
        bar = f"[{'#' * filled + '.' * (width - filled)}] " if width >= 8 else ""
        print(f"\r{f'{self.label} {bar}{text}'[:columns - 1]}\033[K", end="", file=sys.stderr,
              flush=True)
