"""Runs a stage's service under everything at once, then proves that nothing was lost or left
behind.

Two phases of the same load with a rest after each: what is in use after the
second rest must be what was in use after the first.
"""

import os
import random
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from base import ab, children, console, stages, tools
from base.commandline import Number, Options, Parser, add_stage
from base.errors import Failure
from base.service import Service
from soak import actors

# actor: how many threads
CAST = {
    actors.good_client: 4, actors.malformed_client: 1, actors.slow_client: 8,
    actors.half_open_client: 1, actors.resetting_client: 1, actors.foreign_client: 1,
    actors.announcing_client: 4, actors.capturer: 2, actors.rotator: 1
}
REST_SECONDS = 15  # longer than an idle thread of the pool lives
SPARE = {"threads": 3, "descriptors": 3}
SPARE_MEMORY_KIB = 16 * 1024


def usage_of(pid: int) -> dict:
    """Memory (KiB), threads and descriptors that a process has."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines())
    return {"memory_kib": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


def repeat(world: actors.World, actor: Callable, seed: str, stop: threading.Event) -> None:
    """One actor, again and again, until the event."""
    rng = random.Random(seed)
    while not stop.is_set():
        try:
            actor(world, rng)
        except Exception as error:  # a test that dies silently would prove nothing
            world.complain(f"{actor.__name__}: {error!r}")
            stop.wait(0.1)


def ab_load(world: actors.World, seconds: int) -> None:
    """The mass of the requests; counts how many were answered."""
    url = f"{world.service.url}/v1/leftpad/?str=mass&len=50&chr=*"
    try:
        done = children.run(ab.command(url, 4, seconds=seconds, quiet=True))
        world.count("ab requests", ab.parse(done.stdout)["requests"])
    except Failure as failure:
        world.complain(f"ab: {failure}")


def load(world: actors.World, seconds: int, seed: str, captures: list | tuple = ()) -> None:
    """Everybody at once for some seconds, and until each of the captures has been taken."""
    stop = threading.Event()
    threads = [threading.Thread(target=ab_load, args=(world, seconds), daemon=True)]
    threads += [
        threading.Thread(target=repeat, args=(world, actor, f"{seed}{actor.__name__}{i}", stop),
                         daemon=True) for actor, count in CAST.items() for i in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    try:
        for what in captures:
            actors.capture(world, what)
        time.sleep(max(0, end - time.monotonic()))
    finally:
        stop.set()
    for thread in threads:
        thread.join()


def rest(world: actors.World) -> dict:
    """What is in use once everybody has left; {} if the service ends by itself."""
    try:
        world.service.process.wait(REST_SECONDS)
        return {}
    except subprocess.TimeoutExpired:
        return usage_of(world.service.pid)


def log_findings(world: actors.World, lost_lines: int) -> list[str]:
    """What is missing in the log files, all rotations together, but for lines that the service has
    counted as lost: only a stalled reader may cost some."""
    idents, mass_lines = set(), 0
    for path in filter(os.path.exists, world.rotated):  # the first may not be open again
        with open(path, encoding="utf-8") as file:
            for line in file:
                if found := re.search(r"str=(id[0-9a-f]{16}\.)", line):
                    idents.add(found[1])
                elif "str=mass&" in line:
                    mass_lines += 1
    missing = len(set(world.answered) - idents) + max(
        0, world.counts["ab requests"] - mass_lines)
    findings = []
    if missing > lost_lines:
        findings.append(f"{missing} answered requests are not in the log, and the service counted "
                        f"{lost_lines} lost lines")
    if lost_lines and not world.counts["stalled log readers"]:
        findings.append(f"the service counted {lost_lines} lost log lines, and nothing cost any")
    return findings


def growth_findings(before: dict, after: dict) -> list:
    """What was more in use after the second rest than after the first."""
    findings = [f"{what}: {before[what]} after the first rest, {after[what]} after the second"
                for what, spare in SPARE.items() if after[what] > before[what] + spare]
    if after["memory_kib"] > before["memory_kib"] * 1.1 + SPARE_MEMORY_KIB:
        findings.append(f"memory: {before['memory_kib']} KiB after the first rest, "
                        f"{after['memory_kib']} KiB after the second")
    return findings


def _crashed(world):
    """The findings about a service that has ended by itself: that first, then what it led to."""
    status = children.how_it_ended(world.service.stop())
    return [f"the service ended by itself, {status}; it said: {world.service.last_words()}",
            *world.wrong]


def soak(program: Path, seconds: int) -> list:
    """What was found, one line each; prints the figures."""
    with Service(program) as service:
        world = actors.World(service)
        # The first capture of a kind reads debug information, which the service then keeps.
        load(world, max(5, seconds // 3), "first", actors.CAPTURES * 2)
        if not (before := rest(world)):
            return _crashed(world)
        print(f"after the first rest:  {before}", flush=True)
        load(world, seconds, "second")
        if not (after := rest(world)):
            return _crashed(world)
        print(f"after the second rest: {after}", flush=True)
        findings = world.wrong + growth_findings(before, after)
        lost_lines = service.counted()["log"]["lines_lost"]
        if status := service.stop():
            findings.append(f"exit status {status} after SIGTERM")
        findings += log_findings(world, lost_lines)
    print(", ".join(f"{what}: {n}" for what, n in sorted(world.counts.items())) +
          f", lost log lines: {lost_lines}")
    return findings


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Starts the service of the stage and sets on it, at the same time: ab, clients that check
        every answer, slow, half-open, resetting and malformed ones, those that announce bodies or
        ask the debug port from foreign hosts, profile captures, and log rotation with SIGHUP, now
        and then with a log reader that does not read. Twice, with a rest after each. Then proves
        that no answer was wrong, that every answered request is in the log or counted as lost, and
        that memory, threads and descriptors are what they were after the first rest. Fails with a
        list of findings otherwise.""",
        "make soak STAGE=v2-optimized SECONDS=600", "scripts/workshop soak v2-optimized --seconds "
                                                    "600")
    add_stage(parser)
    parser.add_argument("--seconds", metavar="N", action=Number, default=60, help=(
        "how long the second time takes (default %(default)s); the first takes a third, and each "
        "rest 15 s"))


def run(options: Options) -> None:
    program = stages.program("leftpad", options.stage)
    tools.need("ab", "apache2-utils")
    console.step(f"Soaking {options.stage}")
    findings = soak(program, options.seconds)
    for finding in findings[:20]:
        print(f"finding: {finding}")
    if findings:
        print(f"{len(findings)} findings", flush=True)
        raise Failure(program.name, "a soak must end without findings", "See the findings above")
    print("nothing lost, nothing wrong, nothing left behind")
    console.next_command("make fuzz")
