"""What the counters run: the service of a stage in a sandbox, and tools that may be missing.
Loopback, free ports."""
import contextlib
import fnmatch
import functools
import hashlib
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from base import callgrind, children, client, sandbox, service
from base.service import Broken
from labs import asking, building, paths, progress

# What a program executes to give valgrind an order, such as to count no longer: rotations of one
# register that together do nothing (Valgrind's manual, "The Client Request mechanism").
ORDERS = (bytes.fromhex("48c1c703 48c1c70d 48c1c73d 48c1c733"),  # x86-64
          bytes.fromhex("8c0dcc93 8c35cc93 8ccdcc93 8cf5cc93"))  # arm64
OTHERS_NS = 5_000_000  # of processor time, of threads that do nothing for a request
QUIET = (*callgrind.EMPTY_ENVIRONMENT, *callgrind.NO_SAMPLES)


class Unavailable(Exception):
    """Something cannot be measured here: why, and the command that helps."""


def need(tool: str) -> None:
    """Raises Unavailable unless the program, whose package has its name, is on PATH."""
    if shutil.which(tool) is None:
        raise Unavailable(f"{tool} is not installed: apt-get install {tool}")


class Service(service.Service):
    """As in base, without profiles; its log is flushed at the end only."""

    start_seconds = 120  # on a busy machine, under callgrind

    def __init__(self, program, *options, debug="off", **rest):
        super().__init__(program, "--log-flush-ms=60000", *options, debug=debug, **rest)

    def shown(self, path: str) -> bytes:
        """What its debug listener shows there. Raises ConnectionError unless it does."""
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d{1,5})", self.debug_url or "")
        if not found:
            raise ConnectionError("it has no debug listener")
        with self.connect(int(found[1])) as sock:
            sock.sendall(client.request(path))
            status, body, _ = client.read_answer(sock)
        if status != 200:
            raise ConnectionError(f"{path}: answer {status}")
        return body

    def lines_kept(self) -> int:
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in sandbox.read(self.log).splitlines())


class OwnFault(Exception):
    """The lab's own stage, or the machine: nothing is said about the learner's."""


def processes(pid: int) -> Iterator[int]:
    """The process and all that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            yield from processes(int(child))


def _nanoseconds_of_threads(server):
    """{thread: nanoseconds on a processor} of all processes of the service."""
    found = {}
    with contextlib.suppress(OSError):  # one that ends just now
        for pid in processes(server.process.pid):
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                found[thread.parent.name] = int(thread.read_text(encoding="ascii").split()[0])
    return found


@functools.cache
def _functions(program, pattern):
    """Of a program, by name; those that the compiler has split off of others are left out."""
    names = re.findall(r"^[0-9a-f]+ [tTwW] (.*)$", children.run(["nm", "-C", program]).stdout, re.M)
    return sorted(name for name in names if fnmatch.fnmatchcase(name, pattern)
                  and "[clone" not in name)


@contextlib.contextmanager
def counting(program: Path, function: str, *options: str,
             event: str = "Ir") -> Iterator[tuple[tuple[str, ...], Callable[[], int]]]:
    """As callgrind.counting(), of a program that cannot steer what is counted. Raises Unavailable
    without valgrind, NoAnswer if the program has other functions of that name, or orders for
    valgrind."""
    need("valgrind")
    if any(order in program.read_bytes() for order in ORDERS):
        raise asking.NoAnswer("callgrind", "the program has orders for valgrind, which counts it",
                              "Does the stage include a header of valgrind?")
    kind = program.name.removesuffix("-stage")
    honest = building.program(paths.ROOT / paths.BASE_STAGE, kind)
    if _functions(program, function) != _functions(honest, function):
        raise asking.NoAnswer("callgrind", f"it counts while {function} runs, and the stage has a "
                              "function of that name", "Give it another one")
    with callgrind.counting(function, *options, event=event) as found:
        yield found


def counted(program: Path, function: str, load: Callable[[socket.socket], None], *options: str,
            event: str = "Ir", alone: bool = True) -> int:
    """What a service does while the function runs, from the load of a client and one request before
    it. Raises as counting(); also NoAnswer if `alone` and another thread works for the client: of
    its work nothing is counted."""
    with counting(program, function, *options, event=event) as (words, number):
        with Service(program, before=(*QUIET, *words)) as server:
            with server.connect() as sock:
                asking.ask(sock)
                before = _nanoseconds_of_threads(server)
                load(sock)
                used = [nanoseconds - before.get(thread, 0)
                        for thread, nanoseconds in _nanoseconds_of_threads(server).items()]
            server.stop()
        if alone and sum(used) - max(used, default=0) > OTHERS_NS:
            raise asking.NoAnswer("callgrind", "more than one thread works for the requests of a "
                                  "client, and one is counted", "Does the stage hand work on?")
        return number()


def instructions(program: Path, function: str, requests: int, **request) -> float:
    """Instructions of a service, while the function runs, for each of so many requests on one
    connection; `request`: as of asking.ask(). Raises as counted()."""
    return counted(program, function,
                   lambda sock: asking.ask(sock, requests - 1, **request)) / requests


def of_the_lab(program: Path, function: str, requests: int, **request) -> float:
    """The same of a program of the lab itself: counted once and kept, by the program's sum. Also
    raises OwnFault."""
    with open(program, "rb") as opened:
        key = hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    file = paths.BUILD / "labs" / "counts" / f"{key}.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    name = " ".join(map(str, (function, requests, *request.values())))
    if name not in known:
        try:
            with asking.aside():
                known[name] = instructions(program, function, requests, **request)
        except (OSError, Broken) as error:
            raise OwnFault(f"the lab's own service was too slow, or broke: {error}") from None
        progress.write(file, known)
    return known[name]
