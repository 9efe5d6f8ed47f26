"""What the counters run: the service of a stage, and tools that may be missing. Loopback, free
ports."""
import shutil

from base import service
from base.client import read_answer
from base.paths import EXAMPLE_TARGET
from base.service import Broken  # noqa: F401  (for those who judge a stage)

# So that a log line is as long as under ab: the counts of the pages hold here too
AGENT = "ApacheBench/2.3"
REQUEST = (f"GET {EXAMPLE_TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           f"User-Agent: {AGENT}\r\n\r\n").encode()


class Unavailable(Exception):
    """Something cannot be measured here: why, and the command that helps."""


def need(tool: str) -> None:
    """Raises Unavailable unless the program, whose package has its name, is on PATH."""
    if shutil.which(tool) is None:
        raise Unavailable(f"{tool} is not installed: apt-get install {tool}")


class Service(service.Service):
    """As in base, without profiles; its log is flushed at the end only."""

    def __init__(self, program, *options, before=(), forks=True, debug="off"):
        super().__init__(program, "--log-flush-ms=60000", *options, before=before, forks=forks,
                         debug=debug)

    def lines_kept(self) -> int:
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in self.log.read_bytes().splitlines())


def ask(sock, times=1) -> None:
    """The example request, so many times. Raises ConnectionError unless each is answered with
    200."""
    for _ in range(times):
        sock.sendall(REQUEST)
        status, _, _ = read_answer(sock)
        if status != 200:
            raise ConnectionError(f"answer {status}")
