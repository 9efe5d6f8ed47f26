"""What the counters run: the service of a stage, and tools that may be missing. Loopback, free
ports."""
import json
import re
import shutil
import socket
import urllib.request

from base import service
from base.paths import EXAMPLE_TARGET
from base.service import Broken  # noqa: F401  (for those who judge a stage)

# So that a log line is as long as under ab: the counts of the pages hold here too
AGENT = "ApacheBench/2.3"
REQUEST = (f"GET {EXAMPLE_TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           f"User-Agent: {AGENT}\r\n\r\n").encode()
ANSWER_SECONDS = 30


class Unavailable(Exception):
    """Something cannot be measured here: why, and the command that helps."""


def need(tool: str) -> None:
    """Raises Unavailable unless the program, whose package has its name, is on PATH."""
    if shutil.which(tool) is None:
        raise Unavailable(f"{tool} is not installed: apt-get install {tool}")


class Service(service.Service):
    """As in base, with a connection; its log is flushed at the end only."""

    def __init__(self, program, *options, before=(), forks=True, debug="off"):
        super().__init__(program, "--log-flush-ms=60000", *options, before=before, forks=forks,
                         debug=debug)

    def connect(self, timeout=ANSWER_SECONDS):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def answered(self):
        """Answers that the service has given, by its own count; needs `debug`."""
        url = f"{self.debug_url}/debug/vars"
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)["server"]["requests"]

    def lines_kept(self):
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in self.log.read_bytes().splitlines())


def read_answer(sock):
    """One whole HTTP answer: (status line, body)."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer was complete")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)^content-length: *(\d+)", head, re.M)[1])
    while len(body) < length:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer was complete")
        body += piece
    return head.split(b"\r\n")[0].decode(), body


def ask(sock, times=1):
    for _ in range(times):
        sock.sendall(REQUEST)
        status, _ = read_answer(sock)
        if " 200 " not in status:
            raise ConnectionError(f"answer {status}")
