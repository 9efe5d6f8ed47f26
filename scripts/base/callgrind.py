"""Executed instructions, counted by valgrind's callgrind: the same on every run of one program,
whatever else the machine does. The kernel's do not count."""
import re
from pathlib import Path

from base.client import ask
from base.errors import Failure
from base.service import Service

# Stands before a command: the environment's size moves addresses, and the count with them.
EMPTY_ENVIRONMENT = ("env", "-i", "PATH=/usr/bin:/bin")
CONNECTION = "*process_and_close_socket*"  # what serves a connection, and nothing else


def command(function: str, out: str = "/dev/null") -> tuple[str, ...]:
    """The words that stand before a program. Counted is what runs while a function of that pattern
    does; by whose code goes to the file `out`."""
    return ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no",
            f"--toggle-collect={function}")


def collected(said: str) -> int:
    """The number in callgrind's own words. Raises Failure if there is none."""
    found = re.search(r"Collected : (\d+)", said)
    if not found:
        raise Failure("valgrind", said.strip()[-200:], "Run: make doctor")
    return int(found[1])


def of_a_request(program: Path, function: str, requests: int, out: str = "/dev/null") -> float:
    """Instructions of a service for each of so many requests on one connection."""
    # A heap sample unwinds the stack: more instructions than a request has, and at random.
    before = ("env", "PPROF_HEAP_SAMPLE_BYTES=0", *command(function, out))
    with Service(program, "--log-flush-ms=60000", before=before, forks=False,
                 debug="off") as service:
        with service.connect() as sock:
            ask(sock, requests)
        service.stop()
        return collected(service.said()) / requests
