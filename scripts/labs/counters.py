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
import time
from collections.abc import Callable
from pathlib import Path

from base.client import ask
from base.signals import temporary_folder
from labs import amdahl, asking, noise, running
from labs.running import Unavailable

PIDFD_GETFD = 438  # the system call, on every architecture
REQUESTS = 1000
TRACED_REQUESTS = 20
STALL_SECONDS = 0.030  # a delayed ACK takes 40 ms, an answer on loopback less than 1
STARVED_SECONDS = 2.5  # far above an answer, far below the 5 s of an idle connection


def probe(name: str, programs: Callable[[str], Path]) -> dict:
    """What probe-<stage> counts."""
    return asking.probe(programs("probe"), name)[0]


def log(programs: Callable[[str], Path]) -> dict:
    """Lines in the log after SIGTERM, of 1,000 requests; the exit status."""
    with running.Service(programs("leftpad")) as service:
        with service.connect() as sock:
            ask(sock, REQUESTS)
        status = service.stop()
        return {"kept_of_1000": service.lines_kept(), "exit_status": status}


def _is_nodelay_set(pid, client):
    """On the process's connection with that client; asked of its own descriptor, since strace
    sees an option that is inherited at another socket, or at none."""
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
    """send(2) calls an answer, counted by strace, and whether TCP_NODELAY is set on the
    connection."""
    running.need("strace")
    with temporary_folder() as directory:
        trace = Path(directory, "trace")
        before = ("strace", "-f", "-qq", "-o", str(trace), "-e",
                  "trace=sendto,sendmsg,write,writev", "-e", "signal=none",
                  "--decode-fds=socket")
        with running.Service(programs("leftpad"), before=before) as service:
            with service.connect() as sock:
                own = f"->127.0.0.1:{sock.getsockname()[1]}]>"  # of the client, seen from there
                ask(sock, TRACED_REQUESTS)
                nodelay = _is_nodelay_set(service.pid, sock.getsockname())
            service.stop()
        lines = [line for line in trace.read_text(errors="replace").splitlines() if own in line]
    sent = sum(bool(re.search(r"\b(sendto|sendmsg|write|writev)\(", line)) for line in lines)
    if not sent:
        raise asking.NoAnswer("strace", "it saw no answer leave on the client's connection",
                              "Does the stage send in a way that strace does not count?")
    each = -(-sent // TRACED_REQUESTS)
    return {"sends_per_answer": each, "nodelay_set": int(nodelay),
            "can_stall": int(each > 1 and not nodelay)}


def stalls(programs: Callable[[str], Path]) -> dict:
    """1 if most answers on a kept-alive connection take as long as a delayed ACK. Needs no tool."""
    slow = 0
    with running.Service(programs("leftpad")) as service, service.connect() as sock:
        for _ in range(TRACED_REQUESTS + 1):
            start = time.monotonic()
            ask(sock)
            slow += time.monotonic() - start > STALL_SECONDS
    return {"most_answers_stall": int(slow > TRACED_REQUESTS // 2)}


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
    "log": log, "sends": sends, "stalls": stalls, "idle": idle, "amdahl": amdahl.measure,
    "noise": replayed,
}
# What to measure instead where a tool is missing: (group, metric).
FALLBACKS = {"sends": ("stalls", "most_answers_stall")}
