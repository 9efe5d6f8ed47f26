"""Whether profilers can walk through the code of a stage (lab 16): two profiles of the service
itself, in which no stack may be cut."""
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from base.client import ask, read_answer
from base.paths import PPROF
from base.signals import temporary_folder
from labs import running
from profiles import pprof

CUT = "[stack cut]"
ALLOCATORS = ("service::leftpad", "service::padded")  # either allocates the text
CALLER = "service::leftpad_handler"
REQUESTS = 1000
SECONDS = 2
# A wide pad is appended in a loop, so the processor is there most of the time.
LONG_REQUEST = (b"GET /v1/leftpad/?str=test&len=65000&chr=%E2%86%92 HTTP/1.1\r\n"
                b"Host: 127.0.0.1\r\n\r\n")


def _stacks(service, path, folder):
    """The function names of each sample, leaf first."""
    file = Path(folder, "profile.pb.gz")
    with urllib.request.urlopen(f"{service.debug_url}/debug/pprof/{path}", timeout=60) as answer:
        file.write_bytes(answer.read())
    profile = pprof.read([PPROF], file)[1]
    return [[frame.name.partition("(")[0].partition("[abi")[0] for frame in frames]
            for _, frames in profile.samples]


def _while_busy(service, folder):
    with service.connect() as sock, ThreadPoolExecutor(1) as pool:
        captured = pool.submit(_stacks, service, f"profile?seconds={SECONDS}", folder)
        while not captured.done():
            sock.sendall(LONG_REQUEST)
            read_answer(sock)
        return captured.result()


def measure(programs: Callable[[str], Path]) -> dict:
    """1 if stacks of the stage's code are cut, of samples of its time or of its allocations; 1 if
    the text's allocation has its caller. Raises Unavailable without pprof."""
    if not PPROF.exists():
        raise running.Unavailable("pprof is not built: make setup")
    with temporary_folder() as folder, running.Service(
            programs("leftpad"), before=("env", "PPROF_HEAP_SAMPLE_BYTES=64"),
            debug="127.0.0.1:0") as service:
        with service.connect() as sock:
            ask(sock, REQUESTS)
        allocations = _stacks(service, "allocs", folder)
        times = [names for names in _while_busy(service, folder)
                 if any(name.startswith("service::") for name in names)]
    return {"stacks_are_cut": int(any(CUT in names for names in allocations + times)),
            "text_has_a_caller": int(any(CALLER in names and not names.isdisjoint(ALLOCATORS)
                                         for names in map(set, allocations)))}
