"""The counters. Each group is one measurement: a dictionary of metrics, equal on every run.

A group is named in lab.json as the part of a metric before the colon, for example
`operations:Leftpad50.allocations`.
"""
import contextlib
import ctypes
import functools
import os
import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

from labs import (amdahl, asking, freezing, memory, metrics, noise, running, simulated,
                  stacks)
from labs.running import Unavailable

PIDFD_GETFD = 438  # the system call, on every architecture
REQUESTS = 1000
CACHED = 4000
WATCHED_REQUESTS = 20
AT_REST_SECONDS, LOOKS = 0.01, 50
MANY_CHANGES = 20  # of the log; no lab allows as many
DATA_SEGMENTS_IN = struct.Struct("152xI")  # of struct tcp_info, linux/tcp.h
REMEMBERED, REFRESHED = 262_144, 8192
BLOCKS, FLIPS, FILLER = 7, 4, 4000
BLOCK = REMEMBERED // BLOCKS
MANY_CLIENTS = 100  # and fewer than twice as many
STARVED_SECONDS = 2.5  # far above an answer, far below the 5 s of an idle connection


def probe(name: str, programs: Callable[[str], Path]) -> dict:
    """What probe-<stage> counts."""
    return asking.probe(programs("probe"), name)


def _of_kernel(service, file, name):
    """A number that the kernel keeps of a service, summed over its processes. Raises Unavailable
    where the kernel does not tell."""
    try:
        return sum(int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/{file}").read_text(
            encoding="ascii"), re.M)[1]) for pid in running.processes(service.process.pid))
    except (OSError, TypeError):
        raise Unavailable(f"the kernel does not show {name} of a process") from None


def _state(file):
    """Another one after whatever writes to the file."""
    found = os.stat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _state_at_rest(file):
    """Its state when no write is under way: one of another thread may show in parts."""
    state = None
    for _ in range(LOOKS):
        before, state = state, _state(file)
        if state == before:
            break
        time.sleep(AT_REST_SECONDS)
    return state


def log(programs: Callable[[str], Path]) -> dict:
    """System calls that write, as the kernel counts them, for 1,000 requests, or after how many the
    log is another one, if those are more: not each way to write is counted; their lines in the log
    after SIGTERM; the exit status."""
    with running.Service(programs("leftpad")) as service:
        with service.connect() as sock:
            asking.ask(sock)
            before = _of_kernel(service, "io", "syscw")
            changes, state = 0, _state(service.log)
            for _ in range(REQUESTS - 1):
                asking.ask(sock)
                if (now := _state(service.log)) != state:
                    changes += 1
                    state = now if changes > MANY_CHANGES else _state_at_rest(service.log)
            writes = max(changes, _of_kernel(service, "io", "syscw") - before)
        status = service.stop()
        return {"writes": writes, "kept_of_1000": service.lines_kept(), "exit_status": status}


def grown(programs: Callable[[str], Path]) -> dict:
    """By how many KiB a service grows over requests for long texts never seen before, after as many
    that may fill a cache with a bound."""
    with running.Service(programs("leftpad")) as service, service.connect() as sock:
        sizes = []
        for _ in range(2):
            asking.ask(sock, CACHED, length=4000, letters=8)
            sizes.append(sum(_of_kernel(service, "status", name)
                             for name in ("RssAnon", "RssShmem", "VmSwap")))
        return {"growth_kib": max(0, sizes[1] - sizes[0])}


def _segments(sock):
    """Data segments that have come on a connection, as the kernel counts them."""
    return DATA_SEGMENTS_IN.unpack(
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN.size))[0]


def _is_nodelay_set(pid, client):
    """On the process's connection with that client; asked of its own descriptor: an option may be
    inherited, or set on another socket."""
    pidfd = os.pidfd_open(pid)
    try:
        for file in filter(Path.is_socket, Path(f"/proc/{pid}/fd").iterdir()):
            copied = ctypes.CDLL(None).syscall(PIDFD_GETFD, pidfd, int(file.name), 0)
            with contextlib.suppress(OSError, ValueError), socket.socket(fileno=copied) as theirs:
                if theirs.getpeername() == client:
                    return bool(theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    finally:
        os.close(pidfd)
    raise Unavailable("the kernel does not show the descriptors of a process")


def sends(programs: Callable[[str], Path]) -> dict:
    """Segments in which a long answer comes; whether one waits for the client to acknowledge the
    one before."""
    with running.Service(programs("leftpad")) as service, service.connect() as sock:
        before = _segments(sock)
        asking.ask(sock, WATCHED_REQUESTS, length=20_000)
        each = -(-(_segments(sock) - before) // WATCHED_REQUESTS)
        stalls = each > 1 and not _is_nodelay_set(service.pid, sock.getsockname())
        return {"segments_per_answer": each, "can_stall": int(stalls)}


def _is_answered(sock):
    try:
        asking.ask(sock)
        return True
    except (TimeoutError, ConnectionError):
        return False


def idle(programs: Callable[[str], Path]) -> dict:
    """1 if a new client is starved by 8, by many idle connections; 1 if the first of the idle ones
    still answers."""
    found = {}
    for name, clients in (("8", 8), ("many", MANY_CLIENTS + asking.number(MANY_CLIENTS))):
        with running.Service(programs("leftpad")) as service, contextlib.ExitStack() as stack:
            held = [stack.enter_context(service.connect()) for _ in range(clients)]
            # As many as get an answer become idle; then there is a thread for none of the rest.
            for sock in held:
                sock.settimeout(0.5)
                if not _is_answered(sock):
                    break
            held[0].settimeout(STARVED_SECONDS)  # it has a thread, if the machine has time
            served = int(_is_answered(held[0]))
            with service.connect(seconds=STARVED_SECONDS) as sock:
                found[f"starved_by_{name}"] = int(not _is_answered(sock))
            found.setdefault("keeps_connections_open", served)
    return found


def _until_typical(asked, kind):
    """How many more texts of a kind make its length the typical one; `asked`: 1 for each long text,
    0 for a short one."""
    longs, count = asked.count(1, len(asked) - REMEMBERED), 0
    while (2 * longs >= REMEMBERED) != kind:
        longs += kind - asked[len(asked) - REMEMBERED + count]
        count += 1
    return count


def typical(programs: Callable[[str], Path]) -> dict:
    """1 if a service shows the length that half of the last 262,144 texts do not exceed, and 1 if
    what it shows is at most 8,192 requests old. Short and long texts come in an odd number of
    blocks, so that with each further block the other length becomes the typical one."""
    letters, asked = (4 + asking.number(10), 20 + asking.number(20)), bytearray()
    with running.Service(programs("leftpad"), debug="127.0.0.1:0") as service, \
            service.connect() as sock:
        def ask(kind, count):
            asking.ask_at_once(sock, count, letters[kind])
            asked.extend(bytes([kind]) * count)

        def shows(kind):
            said = re.findall(rb'"typical_length": (\d+)', service.shown("/debug/vars"))
            return said == [b"%d" % letters[kind]]

        of_all, of_new = True, True
        ask(0, asking.number(BLOCK))  # so that nobody knows with which request a block begins
        for block in range(BLOCKS):
            ask(block % 2, BLOCK)
            if block in (BLOCKS - 3, BLOCKS - 1):  # before so many have come; when they have
                of_all = of_all and shows(0)
        for flip in range(1, FLIPS + 1):
            kind = flip % 2
            ask(asked[-REMEMBERED], asking.number(FILLER))  # in the place of one that is its like
            count = _until_typical(asked, kind)
            ask(kind, count - 1)
            of_all = of_all and shows(1 - kind)
            ask(kind, 1 + REFRESHED)
            of_new = of_new and shows(kind)
            ask(kind, BLOCK - count - REFRESHED)
    return {"is_of_all_requests": int(of_all), "is_of_new_requests": int(of_new)}


GROUPS = {
    **{name: functools.partial(probe, name) for name in (
        "operations", "inputs", "logger", "growth")},
    "log": log, "memory": grown, "sends": sends, "idle": idle, "amdahl": amdahl.measure,
    "noise": lambda programs: noise.measure(programs.stage_dir),
    "locks": freezing.at_any_moment, "writing": freezing.in_a_write,
    "lines": memory.lines, "recent": memory.recent, "misses": simulated.misses,
    "metrics": metrics.measure, "typical": typical, "tail": simulated.tail,
    "stacks": stacks.measure,
}
