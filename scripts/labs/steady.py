"""Grades the same stages again and again and compares the verdicts byte by byte: python3 -m
labs.steady [--busy N] RUNS [LAB…].

--busy N runs N endless loops beside it. On two processors, four make twice the machine's load.
"""
import argparse
import contextlib
import json
import os
import sys

from labs import catalog, grader, starters
from labs.forge import Forge
from base import children


@contextlib.contextmanager
def busy(loops):
    started = [children.start(["nice", "-n", "10", sys.executable, "-c", "while True: pass"])
               for _ in range(loops)]
    try:
        yield
    finally:
        for process in started:
            children.end(process)


def texts(lab, case):
    with case(lab) as folder:
        results = grader.Grader(Forge(), tiers=1).grade(lab, folder)
    return json.dumps(grader.as_json(lab, results), indent=2, ensure_ascii=False)


def grade_again(runs, cases):
    """How many verdicts differ from the first one of their stage."""
    seen, different = {}, 0
    for run in range(runs):
        lab, case = cases[run % len(cases)]
        text = texts(lab, case)
        if seen.setdefault((lab.number, case), text) != text:
            different += 1
            print(
                f"run {run + 1}: lab {lab.number} {case.__name__} "
                f"differs:\n{seen[lab.number, case]}\n{text}"
            )
    return different


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m labs.steady")
    parser.add_argument("runs", type=int, nargs="?", default=100)
    parser.add_argument("labs", nargs="*")
    parser.add_argument("--busy", type=int, default=0)
    given = parser.parse_args(arguments)
    labs = [catalog.find(number) for number in given.labs] or catalog.all_labs()
    cases = [(lab, case) for lab in labs for case in (starters.starter, starters.solution)]
    with busy(given.busy):
        different = grade_again(given.runs, cases)
        load = os.getloadavg()[0]
    print(
        f"{given.runs} gradings of {len(cases)} stages, {different} verdicts differ; load average "
        f"{load:.1f}"
    )
    return 1 if different else 0


if __name__ == "__main__":
    with children.no_survivors():
        sys.exit(main(sys.argv[1:]))
