"""What the counters run: the service of a stage in a sandbox, and tools that may be missing.
Loopback, free ports."""
import hashlib
import json
import shutil
from pathlib import Path

from base import callgrind, sandbox, service
from base.client import ask
from base.service import Broken
from labs import paths, progress

START_SECONDS = 120  # on a busy machine, under callgrind


class Unavailable(Exception):
    """Something cannot be measured here: why, and the command that helps."""


def need(tool: str) -> None:
    """Raises Unavailable unless the program, whose package has its name, is on PATH."""
    if shutil.which(tool) is None:
        raise Unavailable(f"{tool} is not installed: apt-get install {tool}")


class Service(service.Service):
    """As in base, without profiles; its log is flushed at the end only."""

    def __init__(self, program, *options, before=(), debug="off"):
        super().__init__(program, "--log-flush-ms=60000", *options, before=before, debug=debug)

    def wait_for(self, pattern, seconds=None):
        return super().wait_for(pattern, seconds or START_SECONDS)

    def lines_kept(self) -> int:
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in sandbox.read(self.log).splitlines())


class OwnFault(Exception):
    """The lab's own stage, or the machine: nothing is said about the learner's."""


def instructions(program: Path, function: str, requests: int) -> float:
    """Instructions of a service, while the function runs, for each of so many requests on one
    connection. Raises Unavailable without valgrind."""
    need("valgrind")
    # A heap sample unwinds the stack: more instructions than a request has, and at random.
    quiet = (*callgrind.EMPTY_ENVIRONMENT, "PPROF_HEAP_SAMPLE_BYTES=0")
    with callgrind.counting(function) as (words, number):
        with Service(program, before=(*quiet, *words)) as server:
            with server.connect() as sock:
                ask(sock, requests)
            server.stop()
        return number() / requests


def of_the_lab(program: Path, function: str, requests: int) -> float:
    """The same of a program of the lab itself: counted once and kept, by the program's sum. Raises
    OwnFault, too."""
    with open(program, "rb") as opened:
        key = hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    file = paths.BUILD / "labs" / "counts" / f"{key}.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    name = f"{function} {requests}"
    if name not in known:
        try:
            known[name] = instructions(program, function, requests)
        except (OSError, Broken) as error:
            raise OwnFault(f"the lab's own service was too slow, or broke: {error}") from None
        progress.write(file, known)
    return known[name]
