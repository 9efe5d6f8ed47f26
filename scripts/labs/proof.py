"""Proves a lab: its starter fails, its solution and each variant of it pass, each decoy fails."""
import time

from base.commandline import Options, Parser
from labs import bugs, building, catalog, starters
from labs.catalog import Lab
from labs.grader import FAIL, INVALID, PASS, SKIPPED, grade, verdict_of


def _blame(results):
    blamed = [f"{r.name} {r.status} {r.next if r.value in (None, 'absent') else r.value}"
              for r in results if r.status in (FAIL, INVALID)]
    return "; ".join(blamed or [f"{r.name} {r.value}" for r in results if r.tier >= 1])


def prove(lab: Lab) -> list[str]:
    """Lines that say what is wrong; empty if the lab holds."""
    cases = [("starter", starters.starter(lab), FAIL), ("solution", starters.solution(lab), PASS)]
    cases += [(f"variant {patch.stem}", starters.changed(lab, patch), PASS)
              for patch in lab.variants]
    cases += [(f"decoy {patch.stem}", starters.changed(lab, patch), FAIL) for patch in lab.decoys]
    cases += [(f"decoy {file.stem}", starters.with_code(lab, file), FAIL)
              for file in catalog.DECOYS]
    wrong = []
    for name, directory, expected in cases:
        start = time.monotonic()
        with directory as folder:
            results = grade(lab, folder, thorough=expected == PASS)
        verdict = verdict_of(results)
        print(f"lab {lab.number:2} {name:24} {verdict:7} {time.monotonic() - start:5.1f} s  "
              f"{_blame(results)}", flush=True)
        if verdict != expected:
            wrong.append(f"{name} is {verdict}, {expected} is expected")
        if results[0].name == "it compiles":
            wrong.append(f"{name} does not compile: {results[0].next}")
        if name == "solution" and any(r.status == SKIPPED for r in results):
            print(f"lab {lab.number:2} note: SKIPPED means that a tool is missing here")
    return wrong


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Proves labs: the starter must fail, the solution pass, each decoy fail. CTest runs it,
        one lab a test. Exit status 1 if one is judged otherwise.""",
        "scripts/workshop prove 3", "scripts/workshop prove --bugs")
    parser.add_argument("labs", nargs="*", metavar="LAB", help="a lab's number (default: all)")
    parser.add_argument("--bugs", action="store_true",
                        help="whether the counters catch the bugs of `make bug`, instead")


def run(options: Options) -> int:
    building.enter_sandbox()
    if options.bugs:
        return bugs.prove()
    labs = [catalog.find(number) for number in options.labs] or catalog.all_labs()
    wrong = [f"lab {lab.number}: {line}" for lab in labs for line in prove(lab)]
    print("\n".join(wrong) or "all as expected")
    return 1 if wrong else 0
