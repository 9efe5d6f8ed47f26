"""What every profiler says of one service under one load: for views.py. Loopback only; all that
starts here ends here.

A figure is (of the culprit, of everything): what has the culprit on its stack, and the whole
profile.
"""
import functools
import os
import re
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from base import callgrind
from base.paths import PPROF
from base.signals import temporary_folder
from flame.stacks import parse_folded
from profiles import heaptrack, pprof
from labs import amdahl, loads, running

SECONDS = 4
SNAPSHOTS = 30  # of the threads
PROFILER = re.compile(
    "pprof::internal::(CaptureTask|Round|capture_threads)")  # its own threads are not the service's
WAITING_CAPTURES = 4
IDLE = 0.05  # of one processor: a service that uses less has an empty CPU profile
TRACED = 200  # requests under strace and heaptrack
HEAP_SAMPLE_BYTES = "16384"
# view: (endpoint, sample type); timed views are captured all at once
TIMED = {
    "CPU": ("profile", "cpu"), "allocations": ("allocs", "alloc_objects"),
    "mutex": ("mutex", "delay"), "block": ("block", "delay")
}


def _get(service, path, file):
    with urllib.request.urlopen(f"{service.debug_url}/debug/pprof/{path}", timeout=60) as answer:
        file.write_bytes(answer.read())


def _figure(file, sample_type, culprit):
    profile = pprof.read([PPROF], file)[1]
    index = profile.index_of(sample_type)
    part = whole = 0
    for values, frames in profile.samples:
        if any(PROFILER.match(frame.name) for frame in frames):
            continue
        whole += values[index]
        part += values[index] * any(culprit.search(frame.name) for frame in frames)
    return part, whole


def _most_waited(service, view, first, file, culprit):
    """The capture with most waiting of several. Threads get into each other's way only while the
    machine runs two of them."""
    figures = [first]
    while figures[0][0] and len(figures) < WAITING_CAPTURES:
        _get(service, f"{view}?seconds={SECONDS}", file)
        figures.append(_figure(file, "delay", culprit))
    return max(figures)


def profiles(program: Path, load: str, culprit: re.Pattern) -> dict:
    """{view: (part, whole)} of the profiles over HTTP: a request, of memory in use and of
    threads in all."""
    os.environ["PPROF_HEAP_SAMPLE_BYTES"] = HEAP_SAMPLE_BYTES
    with temporary_folder() as folder, running.Service(program, debug="127.0.0.1:0") as service:
        with loads.LOADS[load](service):
            time.sleep(0.5)
            figures = _waiting_threads(service, Path(folder), culprit)
            timed, requests = _timed(service, Path(folder), culprit)
            file = Path(folder, "heap.pb.gz")
            _get(service, "heap", file)
            figures["heap in use"] = _figure(file, "inuse_space", culprit)
    return figures | {view: (part / requests, whole / requests)
                      for view, (part, whole) in timed.items()}


def _waiting_threads(service, folder, culprit):
    """Wall time, and threads on the average of many snapshots."""
    files = [folder / f"threads{number}.pb.gz" for number in range(SNAPSHOTS)]
    for file in files:
        _get(service, "threads", file)
    _get(service, f"wall?seconds={SECONDS // 2}", folder / "wall.pb.gz")
    counted = [_figure(file, "threads", culprit) for file in files]
    return {"wall": _figure(folder / "wall.pb.gz", "wall", culprit),
            "threads": tuple(sum(values) / SNAPSHOTS for values in zip(*counted))}


def _timed(service, folder, culprit):
    """What SECONDS of load add, all views at once; the requests that were answered meanwhile."""
    files = {view: folder / f"{view}.pb.gz" for view in TIMED}
    before = service.counted()["server"]["requests"]
    with ThreadPoolExecutor() as pool:
        for view, (endpoint, _) in TIMED.items():
            pool.submit(_get, service, f"{endpoint}?seconds={SECONDS}", files[view])
    requests = max(1, service.counted()["server"]["requests"] - before)
    figures = {view: _figure(files[view], sample_type, culprit)
               for view, (_, sample_type) in TIMED.items()}
    if figures["CPU"][1] < IDLE * SECONDS * 1e9:
        figures["CPU"] = (0, 0)  # an empty profile
    for view in ("mutex", "block"):
        figures[view] = _most_waited(service, view, figures[view], files[view], culprit)
    return figures, requests


def _ask_all(service, load):
    if load == "idle clients":
        with loads.idle(service):
            time.sleep(0.2)
        return 9
    loads.ask_one_by_one(service, load, range(TRACED))
    return TRACED


def heaptracked(program: Path, load: str, culprit: re.Pattern) -> tuple:
    """(allocations of the culprit, of everything) a request, and the peak in bytes, as heaptrack
    has it."""
    with temporary_folder() as folder:
        service_of = functools.partial(running.Service, program)
        data, requests = heaptrack.record(service_of, folder,
                                          lambda service: _ask_all(service, load))
        text, folded = heaptrack.report(data, Path(folder, "folded"))
    peak = dict(heaptrack.totals(text))["peak heap memory consumption"]
    stacks = parse_folded(folded)
    served = {key: count for key, count in stacks.items()
              if any("process_request" in name for name, _ in key)}
    part = sum(count for key, count in served.items()
               if any(culprit.search(name) for name, _ in key))
    return (part / requests, sum(served.values()) / requests), _bytes(peak)


def _bytes(text):
    found = re.fullmatch(r"([\d.]+)([BKMG]?)B?", text)
    return float(found[1]) * {"": 1, "B": 1, "K": 1e3, "M": 1e6, "G": 1e9}[found[2]]


def traced(program: Path, load: str) -> tuple[dict, float]:
    """({system call: how often a request}, seconds a request on one connection) under strace."""
    with temporary_folder() as folder:
        trace = Path(folder, "trace")
        before = ("strace", "-f", "-qq", "-o", str(trace), "-e", "signal=none")
        with running.Service(program, before=before) as service:
            start = time.monotonic()
            requests = _ask_all(service, load)
            seconds = (time.monotonic() - start) / requests
            service.stop()
        names = Counter(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.M))
    return {name: count / requests for name, count in names.items()}, seconds


def instructions(program: Path, load: str) -> float | None:
    """Executed instructions of one request; None where the load makes no sense of it."""
    return None if load == "idle clients" else running.instructions(
        program, callgrind.CONNECTION, amdahl.REQUESTS)
