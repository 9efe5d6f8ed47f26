"""Executed instructions per operation, counted by callgrind: the same on every run, whatever else
the machine does.

Only the counted loop of a slice is collected (common/benchmarks/slices.cpp, measured_loop).
"""
from pathlib import Path

from base import ab, callgrind, children, console, tools
from base.errors import Failure
from compare import estimate

ITERATIONS = 200


def command(program: Path) -> list:
    return [*callgrind.EMPTY_ENVIRONMENT, *callgrind.command("service::measured_loop*"),
            str(program), "--slices"]


def count(program: Path, name: str) -> float:
    """Instructions of one operation. Raises Failure."""
    done = children.run(command(program), input=f"{ITERATIONS} 0 {name}\n")
    if done.status != 0:
        raise Failure(
            "valgrind",
            f"{children.how_it_ended(done.status)}; it said: {ab.last_words(done.stderr)}",
            "Run: make doctor")
    return callgrind.collected(done.stderr) / ITERATIONS


def rows(programs: dict, names: list) -> list[estimate.Row]:
    """A counted row for each benchmark. Raises Failure if valgrind is missing."""
    tools.need("valgrind", "valgrind")
    console.step("Instructions: each benchmark once under callgrind")
    console.show(command(programs["old"]))
    with console.Bar("instructions", len(names)) as bar:
        found = []
        for name in names:
            old, new = (round(count(programs[side], name), 1) for side in ("old", "new"))
            found.append(
                estimate.Row(name, "instructions", "instr/op", (old, ), (new, ), kind="counted"))
            bar.step()
    return found
