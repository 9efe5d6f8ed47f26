"""Runs a chapter's commands as a reader would: in the checkout, one after another, in bash.

Background commands (a service, a load) get Ctrl-C at `<!-- stop -->` or at the chapter's end. What
a command started ends with it.
"""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from base import children
from docs.markdown import DocumentError

COMMAND_SECONDS = 240
READY_SECONDS = 60

# Paths as a reader's would be: the recorded output must not tell where it was recorded.
SHOWN_HOME = "/home/you"
SHOWN_ROOT = "/home/you/workshop"


class Session:
    """The commands of one chapter. Use as a context manager. Raises DocumentError for a command
    that hangs, or one in the background that is not ready."""

    def __init__(self, root: Path, home: Path):
        self.root, self.home = root, home
        self.background: list[subprocess.Popen] = []
        dropped = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "COLUMNS", "LINES")
        self.env = {name: value for name, value in os.environ.items() if name not in dropped}
        self.env |= {"HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1",
                     "TERM": "dumb"}
        self.env["LABS_PROGRESS_DIR"] = str(home / "progress")  # the reader's own stays as it is

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def run(self, command: str, seconds: int = COMMAND_SECONDS) -> tuple[int, list[str]]:
        """Exit status and output (both streams) of a command in the foreground."""
        process = self._start(command, subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise DocumentError(f"still running after {seconds} s: $ {command}") from None
        finally:
            children.end(process)
        return process.returncode, self._readable(output)

    def run_in_background(self, command: str, until: str) -> list[str]:
        """Starts a command and returns its output up to the line that contains `until`."""
        log = self.home / f"background-{len(self.background)}.txt"
        with log.open("wb") as file:
            process = self._start(command, file)
        self.background.append(process)
        deadline = time.monotonic() + READY_SECONDS
        while until:
            output = self._readable(log.read_bytes())
            ready = next((n for n, line in enumerate(output) if until in line), None)
            if ready is not None:
                return output[: ready + 1]
            if process.poll() is not None or time.monotonic() > deadline:
                said = "\n      ".join(output[-10:])
                raise DocumentError(f"'{until}' did not appear: $ {command}\n      {said}")
            time.sleep(0.02)
        return []

    def stop(self) -> None:
        """Ctrl-C for every background command and what it started, the latest first."""
        while self.background:
            process = self.background.pop()
            children.kill(process, signal.SIGINT)
            children.wait(process)

    def _start(self, command: str, output) -> subprocess.Popen:
        return children.start(["bash", "-o", "pipefail", "-c", command], output, cwd=self.root,
                              env=self.env)

    def _readable(self, output: bytes) -> list[str]:
        text = output.decode("utf-8", "replace").replace(str(self.home), SHOWN_HOME)
        text = text.replace(str(self.root), SHOWN_ROOT)
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        return [line.rpartition("\r")[2].rstrip()
                for line in text.replace("\r\n", "\n").splitlines()]
