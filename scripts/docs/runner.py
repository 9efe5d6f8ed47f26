"""Runs a chapter's commands as a reader would: in the checkout, one after another, in bash.

Background commands (a service, a load) get Ctrl-C at `<!-- stop -->` or at the chapter's end. Every
command is a process group of its own, so nothing outlives the run.
"""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from base import signals

COMMAND_TIMEOUT_SECONDS = 240
READY_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10

# Paths as a reader's would be: the recorded output must not tell where it was recorded.
SHOWN_HOME = "/home/you"
SHOWN_ROOT = "/home/you/workshop"


class CommandError(Exception):
    """A command that hangs, or a background command that is not ready; the text says which."""


@dataclass
class Background:
    process: subprocess.Popen
    log: Path


class Session:
    """The commands of one chapter. Use as a context manager."""

    def __init__(self, root: Path, home: Path):
        self.root, self.home = root, home
        self.background: list[Background] = []
        dropped = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "COLUMNS", "LINES")
        self.env = {name: value for name, value in os.environ.items() if name not in dropped}
        self.env |= {
            "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1", "TERM": "dumb"
        }
        self.env["LABS_PROGRESS_DIR"] = str(home / "progress")  # the reader's own stays as it is

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def run(self, command: str, seconds: int = COMMAND_TIMEOUT_SECONDS) -> tuple[int, list[str]]:
        """Exit status and output (both streams) of a command in the foreground."""
        process = None
        try:
            with signals.held():
                process = self._start(command, subprocess.PIPE)
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise CommandError(f"still running after {seconds} s: $ {command}") from None
        finally:
            if process:
                _signal(process, signal.SIGKILL)
                process.wait()
        return process.returncode, self._readable(output)

    def run_in_background(self, command: str, until: str) -> list[str]:
        """Starts a command and returns its output up to the line that contains `until`."""
        log = self.home / f"background-{len(self.background)}.txt"
        with log.open("wb") as file, signals.held():
            process = self._start(command, file)
            self.background.append(Background(process, log))
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while until:
            output = self._readable(log.read_bytes())
            ready = next((n for n, line in enumerate(output) if until in line), None)
            if ready is not None:
                return output[: ready + 1]
            if process.poll() is not None or time.monotonic() > deadline:
                said = "\n      ".join(output[-10:])
                raise CommandError(f"'{until}' did not appear: $ {command}\n      {said}")
            time.sleep(0.02)
        return []

    def stop(self) -> None:
        """Ctrl-C for every background command, the latest first."""
        for started in reversed(self.background):
            _signal(started.process, signal.SIGINT)
            try:
                started.process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            _signal(started.process, signal.SIGKILL)
            started.process.wait()
        self.background.clear()

    def _start(self, command: str, stdout) -> subprocess.Popen:
        return subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.root, env=self.env, stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _readable(self, output: bytes) -> list[str]:
        text = output.decode("utf-8", "replace").replace(str(self.home), SHOWN_HOME)
        text = text.replace(str(self.root), SHOWN_ROOT)
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        return [
            line.rpartition("\r")[2].rstrip() for line in text.replace("\r\n", "\n").splitlines()
        ]


def _signal(process: subprocess.Popen, number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
