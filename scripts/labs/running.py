"""What the counters run: the service of a stage, and tools that may be missing. Loopback, free
ports."""
import shutil

from base import service
from base.service import Broken  # noqa: F401  (for those who judge a stage)


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
