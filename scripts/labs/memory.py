"""The memory of a service, read from outside: which cache lines the threads of several clients
count in (lab 10), and what a stage remembers of its requests (lab 15)."""
import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from labs import asking, building, paths, running

PAGE, LINE = os.sysconf("SC_PAGE_SIZE"), 64
MOST_BYTES, MOST_ADDRESSES = 64_000_000, 2**32  # of a service that is looked at; in one area
IS_THERE = 1 << 63  # in /proc/PID/pagemap
AREA = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw", re.M)
CLIENTS, ROUNDS = 4, 3
WINDOW, UNUSUAL = 2048, 8  # of lab 15: so many requests; so many times their mean
LONGER = 1000  # requests
TARGET = re.compile(rb"/v1/leftpad/\?str=\w+&len=50&chr=\w")


class Memory:
    """What a process can write and has written, when it is made. Raises Unavailable where the
    kernel does not tell."""

    def __init__(self, pid: int):
        self.pid, self.there = pid, []
        with self._opened("pagemap") as pagemap:
            for low, high in AREA.findall(Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")):
                low, high = int(low, 16), int(high, 16)
                if high - low > MOST_ADDRESSES or len(self.there) * PAGE > MOST_BYTES:
                    raise asking.NoAnswer("the service", "it has more memory than can be looked at",
                                          f"{MOST_BYTES // 1_000_000} MB are enough here")
                entries = os.pread(pagemap, (high - low) // PAGE * 8, low // PAGE * 8)
                for at, entry in enumerate(memoryview(entries).cast("Q")):
                    if entry & IS_THERE:
                        self.there.append(low + at * PAGE)

    @contextlib.contextmanager
    def _opened(self, name):
        try:
            with open(f"/proc/{self.pid}/{name}", "rb", buffering=0) as file:
                yield file.fileno()
        except OSError as error:
            raise running.Unavailable("the kernel does not show the memory of a process: "
                                      f"{error.strerror}") from None

    def pages(self) -> list[bytes]:
        """Its pages as they are now."""
        with self._opened("mem") as memory:
            return [os.pread(memory, PAGE, page) for page in self.there]


def _lines(shots):
    """Each cache line that is not the same in all: what it was in each."""
    for page in zip(*shots):
        if len(set(page)) > 1:
            for at in range(0, PAGE, LINE):
                if len(set(line := [each[at:at + LINE] for each in page])) > 1:
                    yield line


def _numbers(line):
    """Each number of a line: what it was in each shot."""
    return zip(*(memoryview(each).cast("I") for each in line))


def _counted(number, turns):
    """(the client, how much its requests add) if each adds the same, and no other client's adds
    anything; else None. What the heap has beside other threads' blocks, by chance, does not."""
    rates = [(after - before) / requests
             for before, after, (_, requests) in zip(number, number[1:], turns)]
    for client in range(CLIENTS):
        own = {rate for rate, (turn, _) in zip(rates, turns) if turn == client}
        if len(own) == 1 and own != {0} and not any(
                rate for rate, (turn, _) in zip(rates, turns) if turn != client):
            return client, own.pop()
    return None


def _looked_at(program):
    """(whether numbers of two clients' threads are in one cache line, each of which counts its
    client's requests; for each client, how many numbers rise by one with each request)."""
    turns = [(client, 3 + asking.number(200)) for _ in range(ROUNDS) for client in range(CLIENTS)]
    with running.Service(program) as service, contextlib.ExitStack() as stack:
        socks = [stack.enter_context(service.connect()) for _ in range(CLIENTS)]
        for sock in (*socks, *socks):
            asking.ask(sock, 100)
        memory = Memory(service.pid)
        shots = [memory.pages()]
        for client, requests in turns:
            asking.ask(socks[client], requests)
            shots.append(memory.pages())
    share, counters = False, [0] * CLIENTS
    for line in _lines(shots):
        counted = [found for number in _numbers(line) if (found := _counted(number, turns))]
        share = share or len({client for client, _ in counted}) > 1
        for client, rate in counted:
            counters[client] += rate == 1
    return share, counters


def lines(programs: Callable[[str], Path]) -> dict:
    """1 if two threads count in one cache line; how many of four threads count their requests. The
    server has numbers of its own: as many as with v2-optimized."""
    share, counters = _looked_at(programs("leftpad"))
    with asking.aside():
        _, usual = _looked_at(building.program(paths.ROOT / paths.BASE_STAGE, "leftpad"))
    return {"threads_share_a_line": int(share),
            "threads_that_count": sum(number > max(usual) for number in counters)}


def recent(programs: Callable[[str], Path]) -> dict:
    """1 if a service counts the texts that are unusual; how many of the last 2,048 targets it
    remembers."""
    lengths, rises = [4] * WINDOW, []
    with running.Service(programs("leftpad")) as service, service.connect() as sock:
        asking.ask(sock, 100)
        asking.ask(sock, letters=400)  # so that memory of what is unusual is there
        asking.ask(sock, WINDOW)
        memory = Memory(service.pid)
        shots = [memory.pages()]
        for letters, requests in ((33 + asking.number(4), LONGER), (4, WINDOW),
                                  (37 + asking.number(4), LONGER)):
            asked = asking.ask(sock, requests, letters=letters)
            shots.append(memory.pages())
            rises.append(0)
            for _ in asked:
                lengths.append(letters)
                rises[-1] += letters * WINDOW > UNUSUAL * sum(lengths[-WINDOW:])
        asked = {target.encode() for target in asking.ask(sock, WINDOW)}
        remembered = asked & set(TARGET.findall(b"".join(Memory(service.pid).pages())))
    counted = any([after - before for before, after in zip(values, values[1:])] == rises
                  for line in _lines(shots) for values in _numbers(line))
    return {"unusual_texts_are_counted": int(counted), "targets_in_memory": len(remembered)}
