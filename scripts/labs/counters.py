"""The counters. Each group is one measurement: a dictionary of metrics, equal on every run.

A group is named in lab.json as the part of a metric before the colon, for example
`operations:Leftpad50.allocations`.
"""
import contextlib
import ctypes
import functools
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from base.client import ask
from labs import amdahl, asking, noise, running
from labs.running import Unavailable

PIDFD_GETFD = 438  # the system call, on every architecture
REQUESTS = 1000
WATCHED_REQUESTS = 20
DATA_SEGMENTS_IN = struct.Struct("152xI")  # of struct tcp_info, linux/tcp.h
STARVED_SECONDS = 2.5  # far above an answer, far below the 5 s of an idle connection


def probe(name: str, programs: Callable[[str], Path]) -> dict:
    """What probe-<stage> counts."""
    return asking.probe(programs("probe"), name)


def log(programs: Callable[[str], Path]) -> dict:
    """Lines in the log after SIGTERM, of 1,000 requests; the exit status."""
    with running.Service(programs("leftpad")) as service:
        with service.connect() as sock:
            ask(sock, REQUESTS)
        status = service.stop()
        return {"kept_of_1000": service.lines_kept(), "exit_status": status}


def _segments(sock):
    """Data segments that have come on a connection, as the kernel counts them."""
    return DATA_SEGMENTS_IN.unpack(
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN.size))[0]


def _is_nodelay_set(pid, client):
    """On the process's connection with that client; asked of its own descriptor: an option may be
    inherited, or set on another socket."""
    pidfd = os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            copied = ctypes.CDLL(None).syscall(PIDFD_GETFD, pidfd, int(name), 0)
            with contextlib.suppress(OSError, ValueError), socket.socket(fileno=copied) as theirs:
                if theirs.getpeername() == client:
                    return bool(theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    finally:
        os.close(pidfd)
    raise Unavailable("the kernel does not show the descriptors of a process")


def sends(programs: Callable[[str], Path]) -> dict:
    """Segments in which an answer comes, and whether one waits for the client to acknowledge the
    one before."""
    with running.Service(programs("leftpad")) as service, service.connect() as sock:
        before = _segments(sock)
        ask(sock, WATCHED_REQUESTS)
        each = -(-(_segments(sock) - before) // WATCHED_REQUESTS)
        stalls = each > 1 and not _is_nodelay_set(service.pid, sock.getsockname())
        return {"segments_per_answer": each, "can_stall": int(stalls)}


def _is_answered(sock):
    try:
        ask(sock)
        return True
    except (TimeoutError, ConnectionError):
        return False


def idle(programs: Callable[[str], Path]) -> dict:
    """1 if a new client is starved by 8, by 64 idle connections; 1 if the first of the idle ones
    still answers."""
    found = {}
    for clients in (8, 64):
        with running.Service(programs("leftpad")) as service, contextlib.ExitStack() as stack:
            held = [stack.enter_context(service.connect()) for _ in range(clients)]
            # As many as get an answer become idle; then there is a thread for none of the rest.
            for sock in held:
                sock.settimeout(0.5)
                if not _is_answered(sock):
                    break
            served = int(_is_answered(held[0]))
            with service.connect(seconds=STARVED_SECONDS) as sock:
                found[f"starved_by_{clients}"] = int(not _is_answered(sock))
            found.setdefault("keeps_connections_open", served)
    return found


def replayed(programs: Callable[[str], Path]) -> dict:
    """What the learner's way to compare says of real runs of one program (lab 13)."""
    return noise.measure(programs.stage_dir)


GROUPS = {
    **{name: functools.partial(probe, name) for name in (
        "operations", "inputs", "logger", "blocking", "growth", "sharing")},
    "log": log, "sends": sends, "idle": idle, "amdahl": amdahl.measure, "noise": replayed,
}
