"""What the counters run: the service of a stage in a sandbox, and tools that may be missing.
Loopback, free ports."""
import shutil
from pathlib import Path

from base import callgrind, sandbox, service
from base.client import ask
from base.service import Broken  # noqa: F401  (for those who judge a stage)


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

    def lines_kept(self) -> int:
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in sandbox.read(self.log).splitlines())


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
