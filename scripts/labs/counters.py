"""The counters. Each group is one measurement: a dictionary of metrics, equal on every run.

A group is named in lab.json as the part of a metric before the colon, for example
`operations:Leftpad50.allocations`.
"""
import contextlib
import functools
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from base import children
from base.client import ask
from labs import amdahl, noise, running
from labs.running import Broken

REQUESTS = 1000
TRACED_REQUESTS = 20
STALL_SECONDS = 0.030  # a delayed ACK takes 40 ms, an answer on loopback less than 1
STARVED_SECONDS = 2.5  # far above an answer, far below the 5 s of an idle connection
PROGRAM_SECONDS = 60


def probe(name: str, programs: Callable[[str], Path]) -> dict:
    """What probe-<stage> counts."""
    done = children.run([programs("probe"), name], PROGRAM_SECONDS)
    if done.status != 0:
        raise Broken(f"probe {name}", f"exit status {done.status}: {done.stderr.strip()[-300:]}",
                     "A crash of your stage: run its tests")
    try:
        return json.loads(done.stdout.splitlines()[-1])  # a stage may print, too
    except (ValueError, IndexError):
        raise Broken(f"probe {name}", f"its output is no JSON: {done.stdout.strip()[-80:]!r}",
                     "Does your stage print, or end the program?") from None


def log(programs: Callable[[str], Path]) -> dict:
    """Lines in the log after SIGTERM, of 1,000 requests; the exit status."""
    with running.Service(programs("leftpad")) as service:
        with service.connect() as sock:
            ask(sock, REQUESTS)
        status = service.stop()
        return {"kept_of_1000": service.lines_kept(), "exit_status": status}


def sends(programs: Callable[[str], Path]) -> dict:
    """send(2) calls an answer, and whether TCP_NODELAY is set on the connection; counted by
    strace."""
    running.need("strace")
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory, "trace")
        before = ("strace", "-f", "-qq", "-o", str(trace), "-e",
                  "trace=sendto,sendmsg,write,writev,setsockopt", "-e", "signal=none",
                  "--decode-fds=socket")
        with running.Service(programs("leftpad"), before=before) as service:
            with service.connect() as sock:
                ask(sock, TRACED_REQUESTS)
            service.stop()
        lines = trace.read_text(errors="replace").splitlines()
    sent = sum(bool(re.search(r"\b(sendto|sendmsg|write|writev)\(\d+<(TCP|socket)", line))
               for line in lines)
    nodelay = any("TCP_NODELAY, [1]" in line for line in lines)
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
