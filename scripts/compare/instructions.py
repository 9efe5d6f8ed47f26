"""Executed instructions per operation, counted by callgrind: the same on every run, whatever else
the machine does.

Only the counted loop of a slice is collected (common/benchmarks/slices.cpp, measured_loop).
"""
from pathlib import Path

from base import callgrind, children, console, tools
from compare import estimate

ITERATIONS = 200


def command(program: Path) -> list:
    """The words that run the benchmark program under callgrind."""
    return [*callgrind.EMPTY_ENVIRONMENT, *callgrind.command("service::measured_loop*"),
            str(program), "--slices"]


def count(program: Path, name: str) -> float:
    """Instructions of one operation. Raises Failure."""
    done = children.must(command(program), "Run: make doctor", input=f"{ITERATIONS} 0 {name}\n")
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
