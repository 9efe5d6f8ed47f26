"""Starts a server, waits until it listens, stops it: the one way in scripts and tests. Loopback,
free ports.

It ends with the context, and with this process however that ends. One thread uses an object at a
time.
"""
import contextlib
import json
import os
import re
import signal
import socket
import time
import urllib.request
from pathlib import Path

from base import children, sandbox
from base.errors import Failure
from base.paths import relative
from base.signals import temporary_folder

LIFE_SECONDS = 600  # of one in a sandbox
ANSWER_SECONDS = 60  # until an answer comes, on a busy machine
POLL_SECONDS = 0.005


class Broken(Failure):
    """The stage's own fault: it crashed, hung, or printed what nobody can read. A grader fails it
    for that."""


def _children_of(pid):
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return list(map(int, task.read_text(encoding="ascii").split())) if task.exists() else []


class Server:
    """A command that says "listening on http://HOST:PORT", and perhaps "profiles at
    http://HOST:PORT/…", on either output.

    Use with `with`. `before` is a command that runs it, such as strace, or several in a row.
    .process is what was started, .pid the server's own; .port, .url and .debug_url (None without
    profiles).
    """

    start_seconds = 20  # until it says "listening on"

    def __init__(self, command, before=(), **popen):
        self.directory = temporary_folder(prefix="leftpad.")
        self.program = str(command[0])
        self.command = [str(word) for word in (*before, *command)]
        self.popen, self.process = popen, None
        self.output = Path(self.directory.name, "service.txt")
        self.url = self.port = self.debug_url = None

    def __enter__(self):
        try:
            with self.output.open("wb") as sink:
                self.process = children.start(self.command, sink, **self.popen)
            found = self.wait_for(r"^listening on (http://\S+?:(\d+))/?$")
            self.url, self.port = found[1], int(found[2])
            profiles = re.search(r"profiles at (http://[^/\s]+)", self.said())
            self.debug_url = profiles and profiles[1]
            return self
        except BaseException:
            self.kill()
            self.directory.cleanup()
            raise

    def __exit__(self, *_):
        self.stop()
        self.directory.cleanup()

    def said(self) -> str:
        """What it has written so far."""
        return sandbox.read(self.output).decode(errors="replace")

    def last_words(self) -> str:
        """The last lines of that, as one."""
        return " ".join(self.said().split("\n")[-4:]).strip() or "nothing"

    def wait_for(self, pattern: str) -> re.Match:
        """The first match in what it says, within .start_seconds. Raises Broken if it ends or the
        time is up before that."""
        deadline = time.monotonic() + self.start_seconds
        while True:
            status = self.process.poll()
            if found := re.search(pattern, self.said(), re.MULTILINE):
                return found
            if status is not None or time.monotonic() > deadline:
                how = (f"within {self.start_seconds} s" if status is None else
                       f"before it ended: {children.how_it_ended(status)}")
                raise Broken(Path(self.program).name,
                             f"not ready {how}; it said: {self.last_words()}",
                             f"Start it by hand: {relative(self.program)}")
            time.sleep(POLL_SECONDS)

    @property
    def pid(self) -> int:
        """The server's own: of what was started and all below it, the first with its program; or
        the last of the first children, such as a tool that loads the program itself."""
        started = [self.process.pid]
        if self.command[0] == self.program:
            return started[0]
        program, last = os.path.realpath(self.program), started[0]
        for pid in started:  # which grows
            if os.path.realpath(f"/proc/{pid}/exe") == program:
                return pid
            below = _children_of(pid)
            started += below
            if pid == last and below:
                last = below[0]
        return last

    def connect(self, port: int | None = None, seconds: float = ANSWER_SECONDS) -> socket.socket:
        """A connection to it, or to another port of its own; each wait on it ends after so many
        seconds."""
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=seconds)

    def counted(self) -> dict:
        """What /debug/vars of a service shows; needs .debug_url."""
        url = f"{self.debug_url}/debug/vars"
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal to the server; the exit status of what was started. A tracer ends by
        itself. May come twice."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it ends just now
                os.kill(self.pid, number)
        return children.wait(self.process)

    def must_stop(self) -> None:
        """Stops it. Raises Broken unless it ends with 0."""
        if status := self.stop():
            raise Broken(f"exit status {status} of the service",
                         "SIGTERM must end it with status 0", f"It said: {self.last_words()}")

    def kill(self) -> None:
        """SIGKILL to it and its tracer."""
        if self.process:
            children.kill(self.process)
            children.wait(self.process)


class Service(Server):
    """The service of a stage, in a sandbox if this process has entered one. .log is the file of
    its request lines. debug: the address for its profiles, or "off". readable: more that it may
    read."""

    def __init__(self, program, *options, before=(), debug="127.0.0.1:0", readable=(), **popen):
        super().__init__([program], before, **popen)
        self.log = Path(self.directory.name, "log", "requests.log")
        self.log.parent.mkdir()
        self.command[:0] = sandbox.words(LIFE_SECONDS, [program, *readable], [self.log.parent])
        self.command += ["--port", "0", "--debug-addr",
                         debug, "--log-file", str(self.log), *options]
