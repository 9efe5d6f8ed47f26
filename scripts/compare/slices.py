"""Two live benchmark processes in turn, in slices of half a millisecond; then two new ones, and so
on.

bench-<stage> --slices runs a slice for each line that it gets (common/benchmarks/slices.h). Both
processes of a pair run on the same processor, drawn again for each pair, so that only one of them
runs at a time and a busy or slow processor is both's. The order within a block is drawn at random,
A B B A or B A A B: noise with a rhythm of its own favours no side. So is the place of the stack in
a page, the same for the four slices of a block: it makes a loop of some nanoseconds faster or
slower by more than a per cent. What else comes first is also drawn: the file that is written, the
process that starts, the slice that warms up (always the same side's made one per cent between equal
programs). And each pair runs files of its own (Copies): the kernel keeps the pages of a file where
it wrote them, and a program whose pages lay badly was up to 3 % slower in every process.
"""
import contextlib
import json
import os
import random
import select
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base import children
from base.errors import Failure
from base.paths import BUILD
from base.signals import temporary_folder

SIDES = ("old", "new")
MINIMUM = 20  # pairs of processes
BLOCKS = 6  # a block is four slices; few, since more processes tell more than longer ones
SLICE_NS = 450_000
CALIBRATION_NS = 100_000
CALIBRATION_PAIRS = 10
KEPT = 24  # files
PLACES = range(0, 4096, 16)  # of the stack in a page, bytes
LIMIT_SECONDS = 30  # for one slice
ORDERS = (("old", "new", "new", "old"), ("new", "old", "old", "new"))


class Worker:
    """A benchmark process that runs slices. Use with `with`.

    box(program): the words that stand before it.
    """

    def __init__(self, program, processor: int | None = None, box: Callable = lambda _: ()):
        self.name = Path(program).name
        pin = [] if processor is None else ["taskset", "--cpu-list", processor]
        self.child = children.start([*pin, *box(program), program, "--slices"],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)

    def slice(self, name: str, iterations: int, place: int = 0) -> tuple[int, int, int, int]:
        """(processor time, real time, bytes, allocations) of `iterations` operations, on a stack
        that begins `place` bytes into a page; times in nanoseconds.

        Raises Failure when the process has ended.
        """
        with contextlib.suppress(BrokenPipeError):  # the missing answer says it
            self.child.stdin.write(f"{iterations} {place} {name}\n".encode())
            self.child.stdin.flush()
        if not select.select([self.child.stdout], [], [], LIMIT_SECONDS)[0]:
            children.kill(self.child)
            raise Failure(f"benchmark {name} of {self.name}",
                          f"{iterations} operations took more than {LIMIT_SECONDS} s",
                          "Does it hang?")
        answer = self.child.stdout.readline().decode(errors="replace")
        words = answer.split()
        if len(words) == 4 and all(word.isdecimal() for word in words):
            return tuple(map(int, words))
        children.kill(self.child)  # it may babble without end
        said = children.last_words(self.child.stderr.read().decode(errors="replace"))
        how = children.how_it_ended(children.end(self.child))
        raise Failure(
            f"benchmark {name} of {self.name}",
            f"it printed '{answer.strip()[:60]}' where four numbers are expected" if words else
            f"{how}; it said: {said}",
            f"Run it alone: build/bin/{self.name} --benchmark_filter='^{name}$'")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        children.end(self.child)
        self.child.stdout.close()
        self.child.stderr.close()


@dataclass
class PairRun:
    """What one pair of processes measured of a benchmark.

    blocks: for each block [old processor, old real, new processor, new real], nanoseconds an
    operation; counters: {side: (bytes, allocations)} an operation, over all slices of the process.
    """

    blocks: list
    counters: dict


def run_pair(programs: dict, iterations: dict, names: Iterable[str],
             generator: random.Random, box: Callable = lambda _: ()) -> dict:
    """{name: PairRun} of two new processes."""
    processor = generator.choice(sorted(os.sched_getaffinity(0)))
    found = {}
    with contextlib.ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(programs[side], processor, box))
                   for side in generator.sample(SIDES, 2)}
        for name in generator.sample(list(names), len(names)):
            for side in generator.sample(SIDES, 2):
                workers[side].slice(name, iterations[side][name])
            found[name] = _run_blocks(workers, {side: iterations[side][name] for side in SIDES},
                                      name, generator)
    return found


def _run_blocks(workers, iterations, name, generator):
    blocks, counted = [], {side: [0, 0] for side in SIDES}
    for _ in range(BLOCKS):
        times = {side: [0.0, 0.0] for side in SIDES}
        place = generator.choice(PLACES)
        for side in generator.choice(ORDERS):
            cpu, wall, size, allocations = workers[side].slice(name, iterations[side], place)
            operations = 2 * iterations[side]
            times[side][0] += cpu / operations
            times[side][1] += wall / operations
            counted[side][0] += size
            counted[side][1] += allocations
        blocks.append(times["old"] + times["new"])
    counters = {side: tuple(total / (2 * BLOCKS * iterations[side]) for total in counted[side])
                for side in SIDES}
    return PairRun(blocks, counters)


class Copies:
    """New files of both programs for each pair of processes, without debug information.

    Removed is any of the KEPT last ones: the kernel gives the pages of a file that is removed to
    the next one that is written. Raises Failure.
    """

    def __init__(self, programs: dict, folder: str | Path, generator: random.Random):
        self.folder, self.generator = Path(folder), generator
        self.stripped, self.kept = {}, []
        for side, program in programs.items():
            self.stripped[side] = self.folder / f"{side}-{Path(program).name}"
            children.must(["objcopy", "--strip-debug", program, self.stripped[side]],
                          "Run: make doctor")

    def pair(self) -> dict:
        """{side: path}; which is written first is drawn."""
        found = {}
        for side in self.generator.sample(SIDES, 2):
            program = self.stripped[side]
            place = Path(tempfile.mkdtemp(dir=self.folder))
            found[side] = place / program.name.removeprefix(f"{side}-")
            shutil.copy(program, found[side])
        while len(self.kept) > KEPT:
            shutil.rmtree(self.kept.pop(self.generator.randrange(len(self.kept))))
        self.kept += [path.parent for path in found.values()]
        return found


def in_turn(run: Callable[[dict, random.Random], Any], programs: dict, seconds: float,
            at: Callable[[float], None], runs: list, minimum: int = MINIMUM) -> None:
    """Appends what run(new files of both programs, generator) gives of a pair of processes to
    `runs`, for `seconds`, `minimum` times at the least; calls at(seconds so far) after each.

    What is in `runs` when a program fails (Failure) is whole.
    """
    generator = random.Random()
    start = time.monotonic()
    with temporary_folder(prefix=".copies.", dir=BUILD) as folder:
        copies = Copies(programs, folder, generator)
        while len(runs) < minimum or time.monotonic() - start < seconds:
            runs.append(run(copies.pair(), generator))
            at(time.monotonic() - start)


def measure(programs: dict, iterations: dict, names: Iterable[str], seconds: float,
            at: Callable[[float], None], runs: list,
            minimum: int = MINIMUM, box: Callable = lambda _: ()) -> None:
    """Appends PairRuns of the benchmarks to `runs`, as in_turn()."""
    in_turn(lambda pair, generator: run_pair(pair, iterations, names, generator, box),
            programs, seconds, at, runs, minimum)


def calibrated(programs: dict, names: Iterable[str], box: Callable = lambda _: ()) -> dict:
    """How many operations of each benchmark fill a slice: {side: {name: operations}}.

    A slice that is a tenth shorter may be slower by half a per cent: what the other process left in
    the caches weighs more. So both sides' slices must take the same time, and one look is not
    enough for that.
    """
    guess, runs = {side: _guess(programs[side], names, box) for side in SIDES}, []
    measure(programs, guess, names, 0, lambda _: None, runs, minimum=CALIBRATION_PAIRS, box=box)
    found = {side: {} for side in SIDES}
    for side, column in (("old", 0), ("new", 2)):
        for name in names:
            times = [block[column] for run in runs for block in run[name].blocks]
            found[side][name] = max(1, round(SLICE_NS / statistics.median(times)))
    return found


def _guess(program, names, box):
    found = {}
    with Worker(program, box=box) as worker:
        for name in names:
            count = 1
            while (spent := min(worker.slice(name, count)[0] for _ in range(3))) < CALIBRATION_NS:
                count *= 4
            found[name] = max(1, round(count * SLICE_NS / spent))
    return found


def write(path: Path, iterations: dict, runs: list) -> None:
    """The raw measurement, as one JSON file."""
    document = {
        "unit": "ns/op", "block": ["old cpu", "old wall", "new cpu", "new wall"],
        "iterations": iterations, "pairs": [
            {name: {"blocks": [[float(f"{value:.5g}") for value in block] for block in run.blocks],
                    "counters": run.counters} for name, run in pair.items()} for pair in runs
        ]
    }
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")
