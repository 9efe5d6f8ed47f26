"""Grades the same stages again and again and compares the verdicts byte by byte: python3 -m labs.steady RUNS [LAB…].

For a machine under load: start something that keeps all processors busy beside it.
"""
import json
import os
import sys

from labs import catalog, grader, starters
from labs.forge import Forge


def texts(lab, case):
    with case(lab) as folder:
        results = grader.Grader(Forge(), tiers=1).grade(lab, folder)
    return json.dumps(grader.as_json(lab, results), indent=2, ensure_ascii=False)


def main(arguments):
    runs = int(arguments[0]) if arguments else 100
    labs = [catalog.find(number) for number in arguments[1:]] or catalog.all_labs()
    cases = [(lab, case) for lab in labs for case in (starters.starter, starters.solution)]
    seen, different = {}, 0
    for run in range(runs):
        lab, case = cases[run % len(cases)]
        text = texts(lab, case)
        if seen.setdefault((lab.number, case), text) != text:
            different += 1
            print(f"run {run + 1}: lab {lab.number} {case.__name__} differs:\n{seen[lab.number, case]}\n{text}")
    print(f"{runs} gradings of {len(cases)} stages, {different} verdicts differ; load average {os.getloadavg()[0]:.1f}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
