"""Executed instructions, counted by valgrind's callgrind: the same on every run of one program,
whatever else the machine does. The kernel's do not count."""
import contextlib
import re
import socket
from collections.abc import Callable, Iterator

from base.service import Broken

# Stands before a command: the environment's size moves addresses, and the count with them.
EMPTY_ENVIRONMENT = ("env", "-i", "PATH=/usr/bin:/bin")
# A sample of the heap or of a wait walks the stack, and the first one builds the unwinder's tables:
# more instructions and system calls than a request has, and at random.
NO_SAMPLES = ("PPROF_HEAP_SAMPLE_BYTES=0", "PPROF_BLOCK_RATE_NS=0", "PPROF_MUTEX_FRACTION=0")
ANSWER_SECONDS, LOG_CHARACTERS = 20, 100_000
# One cache for every machine: 32 KiB in lines of 64 bytes, as many have it.
CACHE = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64")
CONNECTION = "*process_and_close_socket*"  # what serves a connection, and nothing else
HANDLER = "*labelled*::_M_invoke*"  # what handles a request, with all of the stage's code


def command(function: str, *options: str) -> tuple[str, ...]:
    """The words that stand before a program. Counted is what runs while a function of that pattern
    does."""
    return ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
            "--collect-atstart=no", f"--toggle-collect={function}", *options)


def collected(said: str, event: str = "Ir") -> int:
    """The number of an event in callgrind's own words: Ir are instructions, D1mr reads that a
    simulated first-level cache (CACHE) did not have. Raises Broken if there is none: valgrind ends
    with the program."""
    process = re.match(r"==\d+== ", said)  # not of one that the program forks
    found = process and re.search(rf"^{process[0]}Events +: (.*)\n{process[0]}Collected : ([\d ]+)",
                                  said, re.MULTILINE)
    numbers = dict(zip(found[1].split(), found[2].split())) if found else {}
    if event not in numbers:
        raise Broken("valgrind", said.strip()[-200:], "Run: make doctor")
    return int(numbers[event])


@contextlib.contextmanager
def counting(function: str, *options: str, event: str = "Ir") -> Iterator[
        tuple[tuple[str, ...], Callable[[], int]]]:
    """The words of command(), and what gives the number once the program has ended. callgrind says
    it to a socket that the program, which may lie, cannot write to."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as log:
        def number():
            log.settimeout(ANSWER_SECONDS)
            with log.accept()[0] as callgrind, callgrind.makefile(errors="replace") as said:
                callgrind.settimeout(ANSWER_SECONDS)
                return collected(said.read(LOG_CHARACTERS), event)
        yield command(function, *options, f"--log-socket=127.0.0.1:{log.getsockname()[1]}"), number
