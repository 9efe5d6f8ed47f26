"""Executed instructions, counted by valgrind's callgrind: the same on every run of one program,
whatever else the machine does. The kernel's do not count."""
import contextlib
import re
import socket
from collections.abc import Callable, Iterator

from base.errors import Failure

# Stands before a command: the environment's size moves addresses, and the count with them.
EMPTY_ENVIRONMENT = ("env", "-i", "PATH=/usr/bin:/bin")
ANSWER_SECONDS, LOG_CHARACTERS = 20, 100_000
CONNECTION = "*process_and_close_socket*"  # what serves a connection, and nothing else


def command(function: str, *options: str) -> tuple[str, ...]:
    """The words that stand before a program. Counted is what runs while a function of that pattern
    does."""
    return ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
            "--collect-atstart=no", f"--toggle-collect={function}", *options)


def collected(said: str) -> int:
    """The number in callgrind's own words. Raises Failure if there is none."""
    process = re.match(r"==\d+== ", said)  # not of one that the program forks
    found = process and re.search(rf"^{process[0]}Collected : (\d+)", said, re.MULTILINE)
    if not found:
        raise Failure("valgrind", said.strip()[-200:], "Run: make doctor")
    return int(found[1])


@contextlib.contextmanager
def counting(function: str) -> Iterator[tuple[tuple[str, ...], Callable[[], int]]]:
    """The words of command(), and what gives the number once the program has ended. callgrind says
    it to a socket that the program, which may lie, cannot write to."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as log:
        def number():
            log.settimeout(ANSWER_SECONDS)
            with log.accept()[0] as callgrind, callgrind.makefile(errors="replace") as said:
                callgrind.settimeout(ANSWER_SECONDS)
                return collected(said.read(LOG_CHARACTERS))
        yield command(function, f"--log-socket=127.0.0.1:{log.getsockname()[1]}"), number
