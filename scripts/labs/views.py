"""The blind-spot matrix: which view shows the problem of which lab.

Each lab's sick service and its repaired one run under the same load, and every profiler looks at
both. A lab's `views` in lab.json are {culprit: pattern of the functions to blame, load: see
loads.LOADS, missing: pattern of functions that a healthy service has}. The figures go to
docs/labs/blind-spots.json, the table to blind-spots.md.

The rule for profiles and heaptrack: the culprit has at least CLEAR of the whole profile, and the
repaired service spends at most half as much on it. Below FAINT it is not seen; between them,
hardly. The other views have no culprit: SYSTEM CALLS: some call that moves data or waits is made
twice as often, or a request takes as long as a delayed ACK; INSTRUCTIONS: CLEAR more.
"""
import json
import re
import shutil
import sys

from base import console
from base.commandline import Options, Parser
from base.paths import PPROF
from labs import building, catalog, paths, profilers, starters
from labs.catalog import Lab

VIEWS = ("CPU", "allocations", "heap in use", "mutex", "block", "wall", "threads", "heaptrack",
         "system calls", "instructions")
YES, HARDLY, NO, ABSENT = "yes", "hardly", "no", "not applicable"
MARK = {YES: "**yes**", HARDLY: "hardly", NO: "·", ABSENT: "–"}
CLEAR, FAINT = 0.10, 0.02
STALL_SECONDS = 0.030  # a delayed ACK takes 40 ms, an answer on loopback less than 1
HALVED = 0.5
LEAST = {  # below this the culprit's figure in the sick service is nothing, whatever its share
    "allocations": 0.2, "heaptrack": 0.2,  # a request
    "mutex": 2000, "block": 2000,  # nanoseconds a request
    "heap in use": 1_000_000,  # bytes
    "threads": 2,
}
CALLS = 0.3  # system calls a request that count
TRANSFERS = ("read", "write", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg", "poll", "ppoll",
             "select", "pselect6", "openat", "fsync")
EXECUTED_FAINT = 0.05  # waiting loops move the instructions by 3 %
TOOL_IS_MISSING = 77  # CTest: skipped
FILE = paths.LABS / "blind-spots.json"
PAGE = paths.LABS / "blind-spots.md"
BEGIN, END = "<!-- generated: scripts/workshop blind-spots -->", "<!-- end -->"


def _grade(share, faint=FAINT):
    return YES if share >= CLEAR else HARDLY if share >= faint else NO


def of_profile(view: str, sick: tuple, repaired: tuple) -> dict:
    """A finding of one profile: (of the culprit, of everything) in both services."""
    share = sick[0] / sick[1] if sick[1] else 0.0
    seen = NO
    if sick[0] >= LEAST.get(view, 0) and repaired[0] <= HALVED * sick[0]:
        seen = _grade(share)
    return {"sees": seen, "share": round(share, 3), "sick": float(f"{sick[0]:.3g}"),
            "repaired": float(f"{repaired[0]:.3g}")}


def of_missing(sick: tuple, repaired: tuple) -> dict:
    """A finding of what the sick service lacks."""
    return {"sees": YES if sick[0] == 0 and repaired[0] > 0 else NO,
            "sick": float(f"{sick[0]:.3g}"), "repaired": float(f"{repaired[0]:.3g}")}


def of_calls(sick: tuple, repaired: tuple) -> dict:
    """A finding of strace: (calls a request, seconds a request) of both services."""
    more = {name: (count, repaired[0].get(name, 0)) for name, count in sick[0].items()
            if name in TRANSFERS and count >= CALLS and count >= 2 * repaired[0].get(name, 0)}
    stalls = sick[1] >= STALL_SECONDS and repaired[1] <= HALVED * sick[1]
    found = {"sees": YES if more or stalls else NO}
    if more:
        name = max(more, key=lambda one: more[one][0] - more[one][1])
        found |= {"call": name, "sick": round(more[name][0], 2),
                  "repaired": round(more[name][1], 2)}
    elif stalls:
        found |= {"call": "ms a request", "sick": round(1000 * sick[1]),
                  "repaired": round(1000 * repaired[1])}
    return found


def of_instructions(sick: float | None, repaired: float | None) -> dict:
    """A finding of callgrind: instructions a request."""
    if sick is None or repaired is None:
        return {"sees": ABSENT}
    return {"sees": _grade((sick - repaired) / sick, EXECUTED_FAINT), "sick": round(sick),
            "repaired": round(repaired)}


def look(lab: Lab) -> dict:
    """{view: finding} of one lab."""
    spec = lab.data.get("views")
    if spec is None:
        return {view: {"sees": ABSENT} for view in VIEWS}
    with starters.starter(lab) as sick, starters.solution(lab) as repaired:
        programs = [[building.program(folder, kind, debug_information=True)
                     for kind in ("leftpad", "heaptrack")] for folder in (sick, repaired)]
    load, culprit = spec["load"], re.compile(spec["culprit"])
    before, after = (profilers.profiles(service, load, culprit) for service, _ in programs)
    found = {view: of_profile(view, before[view], after[view]) for view in before}
    if "missing" in spec:
        absent = re.compile(spec["missing"])
        before, after = (profilers.profiles(service, load, absent) for service, _ in programs)
        found |= {view: of_missing(before[view], after[view]) for view in ("threads", "wall")}
    before, after = (profilers.heaptracked(other, load, culprit) for _, other in programs)
    found["heaptrack"] = of_profile("heaptrack", before[0], after[0])
    if before[1] >= 2 * after[1]:
        found["heaptrack"] = {"sees": YES, "peak": before[1], "repaired": after[1]}
    found["system calls"] = of_calls(*(profilers.traced(service, load) for service, _ in programs))
    found["instructions"] = of_instructions(*(profilers.instructions(service, load)
                                              for service, _ in programs))
    return {view: found[view] for view in VIEWS}


def table(findings: dict) -> str:
    """The matrix as Markdown."""
    lines = ["| lab | " + " | ".join(VIEWS) + " |", "| --- |" + " --- |" * len(VIEWS)]
    for lab in catalog.all_labs():
        row = findings.get(str(lab.number), {view: {"sees": ABSENT} for view in VIEWS})
        lines.append(f"| {lab.number} [{lab.title}]({lab.number:02}/README.md) | " +
                     " | ".join(MARK[row[view]["sees"]] for view in VIEWS) + " |")
    return "\n".join(lines)


def page_with(findings: dict) -> str:
    """The page, its table made again."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n{table(findings)}\n{END}{rest.partition(END)[2]}"


def known() -> dict:
    """{lab: {view: finding}}, as recorded."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def contradictions(lab: Lab, found: dict, recorded: dict) -> list[str]:
    """Views that see what they were blind to, or the other way round. A step to or from `hardly`
    is none."""
    return [f"lab {lab.number}, {view}: recorded {recorded[view]['sees']}, now "
            f"{found[view]['sees']} {found[view]}" for view in VIEWS
            if {recorded[view]["sees"], found[view]["sees"]} in (
                {YES, NO}, {YES, ABSENT}, {NO, ABSENT})]


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Looks at each lab's sick service and at its repaired one with every profiler, under the
        same load; writes which of them sees the problem to docs/labs/blind-spots.json and
        blind-spots.md. Exit status 77 if a profiler is missing.""",
        "scripts/workshop blind-spots --check 5 11")
    parser.add_argument("labs", nargs="*", metavar="LAB", help="a lab's number (default: all)")
    parser.add_argument("--check", action="store_true", help=(
        "write nothing; fail if a view now sees what it was blind to, or the other way round"))
    parser.add_argument("--print", action="store_true",
                        help="look at nothing; write the page from the record")


def run(options: Options) -> int:
    recorded = known()
    if options.print:
        _write(recorded)
        return 0
    for tool in ("ab", "strace", "heaptrack", "valgrind", PPROF):
        if not shutil.which(tool):
            print(f"error: {tool}: the matrix needs it. Run: make setup", file=sys.stderr)
            return TOOL_IS_MISSING
    wrong = []
    for lab in [catalog.find(one) for one in options.labs] or catalog.all_labs():
        found = look(lab)
        print(f"lab {lab.number:2}  "
              + "  ".join(f"{view}: {found[view]['sees']}" for view in VIEWS), flush=True)
        if options.check:
            wrong += contradictions(lab, found, recorded[str(lab.number)])
        else:
            recorded[str(lab.number)] = found
            _write(recorded)
    if options.check:
        print("\n".join(wrong) or "as recorded")
    return 1 if wrong else 0


def _write(findings):
    rows = ",\n".join(
        f' "{number}": {{\n' + ",\n".join(f'  "{view}": {json.dumps(row[view])}'
                                          for view in VIEWS) + "}"
        for number, row in sorted(findings.items(), key=lambda item: int(item[0])))
    FILE.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")
    PAGE.write_text(page_with(findings), encoding="utf-8")
    console.result_at(PAGE)
