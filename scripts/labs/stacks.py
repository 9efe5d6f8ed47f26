"""Whether profilers can walk through the code of a stage (lab 16): what its program has for that,
and whether the service's own profile finds a caller."""
import re
import shutil
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from base import children
from base.paths import PPROF
from base.signals import temporary_folder
from labs import asking, building, paths, running
from profiles import pprof

ALLOCATORS = ("service::leftpad", "service::padded")  # either allocates the text
CALLER = "service::leftpad_handler"
REQUESTS = 1000
FUNCTION = re.compile(r"^([0-9a-f]+) [tTwW] (\S+)$", re.M)
TABLE = re.compile(r" FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)")
FRAME_POINTER = re.compile(r"mov +%rsp,%rbp|mov +x29, sp|add +x29, sp")  # in a function's prologue


def without_a_way_up(program: Path) -> list[str]:
    """The functions of a program, as linked, that have neither an unwind table nor a frame
    pointer."""
    listed = children.run(["nm", program]).stdout
    frames = children.run(["readelf", "--debug-dump=frames", program]).stdout
    unwound = frames.partition("Contents of the .debug_frame section")[0]  # is not in memory
    ranges = sorted((int(start, 16), int(end, 16)) for start, end in TABLE.findall(unwound))
    starts = [start for start, _ in ranges]
    found = []
    for address, name in FUNCTION.findall(listed):
        at = int(address, 16)
        place = bisect_right(starts, at) - 1
        if place >= 0 and at < ranges[place][1]:
            continue
        code = children.run(["objdump", "-d", f"--disassemble={name}", program]).stdout
        if not FRAME_POINTER.search(code):
            found.append(name)
    return found


def _has_a_caller(program):
    with temporary_folder() as folder, running.Service(
            program, before=("env", "PPROF_HEAP_SAMPLE_BYTES=64"), debug="127.0.0.1:0") as service:
        with service.connect() as sock:
            asking.ask(sock, REQUESTS)
        file = Path(folder, "allocs.pb.gz")
        file.write_bytes(service.shown("/debug/pprof/allocs"))
        profile = pprof.read([PPROF], file)[1]
    stacks = ({frame.name.partition("(")[0].partition("[abi")[0] for frame in frames}
              for _, frames in profile.samples)
    return any(CALLER in names and not names.isdisjoint(ALLOCATORS) for names in stacks)


def measure(programs: Callable[[str], Path]) -> dict:
    """How many functions cannot be walked through; 1 if the text's allocation has its caller.
    Raises Unavailable without pprof or binutils."""
    if not PPROF.exists():
        raise running.Unavailable("pprof is not built: make setup")
    if not shutil.which("readelf"):
        raise running.Unavailable("binutils is not installed: apt-get install binutils")
    program = programs("leftpad")
    usual = without_a_way_up(building.program(paths.ROOT / paths.BASE_STAGE, "leftpad"))  # _start
    of_the_stage = Counter(without_a_way_up(program)) - Counter(usual)
    return {"functions_without_a_way_up": of_the_stage.total(),
            "text_has_a_caller": int(_has_a_caller(program))}
