"""Judges a stage against a lab. Knows no text of the screen; screen.py prints what this finds.

A result is one of
  PASS     the value is within its budget
  FAIL     it is not: the stage has to change
  INVALID  the workshop's fault, or the machine's: two measurements disagree, or the lab's own
           programs fail here as well
  SKIPPED  a tool is missing, or an earlier tier failed: nothing is said about the stage
With one seed a status is the same on every run and every machine: a result has neither times nor
paths. So are counts; per cents and KiB vary by a few.
"""
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from base import console, service
from labs import asking, building, counters, instructions, running, starters, suite
from labs.catalog import Lab
from labs.running import Broken

PASS, FAIL, INVALID, SKIPPED = "PASS", "FAIL", "INVALID", "SKIPPED"
REASON, LATE = "why there are no metrics", "after how many seconds there was no answer"
PATIENCE = 3  # a stage is late if the lab's own solution takes less of the time by this factor
MAX_NAMES = 3
OWN_FAULT = "on this machine the lab's own solution also fails here"
RESTORE = "restore the workshop's own files (git status shows what has changed)"
SLOW = "this machine is too slow now: the lab's own solution also takes a good part of the time"
TIMED = ("idle", )  # groups in which a stage fails by its time
# The stage crashes, hangs, breaks off connections or removes its log.
BROKEN = (ConnectionError, TimeoutError, FileNotFoundError, subprocess.TimeoutExpired, Broken)


class _DoesNotCompile(Exception):
    """The stage that is graded; the text is the first error."""


class _Stage(building.Programs):
    """The one that is graded. Any other that does not compile is not the learner's."""

    def __call__(self, kind):
        try:
            return super().__call__(kind)
        except building.CompileError as error:
            raise _DoesNotCompile(error) from None


@dataclass(frozen=True)
class Result:
    """What one look at a stage has found. tier: 0 behaviour, 1 counters, 2 instructions; value,
    budget: what was measured, and what passes; next: what to do about it."""

    tier: int
    name: str
    status: str
    value: object = None
    budget: str = ""
    next: str = ""

    def __post_init__(self):
        """A compiler repeats what a stage has, which may be more than text to a terminal."""
        object.__setattr__(self, "next", console.printable(self.next))


def _budget_text(budget):
    for word, sign in (("max", "<="), ("min", ">="), ("equals", "=")):
        if word in budget:
            return f"{sign} {budget[word]}"
    raise KeyError(f"a budget without max, min or equals: {budget}")


def within(budget: dict, value: float) -> bool:
    """Whether the value is neither above max nor below min, and is what it must equal."""
    return (budget.get("min", value) <= value <= budget.get("max", value)
            and value == budget.get("equals", value))


def grade(lab: Lab, stage_dir: Path, thorough: bool = True,
          handed_in: bool = False) -> list[Result]:
    """Results of all tiers, in a fixed order. `thorough`: counters are measured twice, and the HTTP
    tests also run. `handed_in`: the stage comes from somebody else."""
    programs = _Stage(stage_dir, handed_in)
    specs = lab.data.get("instructions", [])
    with console.Bar("grading", 2 + len(lab.budgets) + len(specs), lines=0) as bar:
        try:
            results = _behaviour(programs, thorough, bar)
            behaves = all(result.status == PASS for result in results)
            results += _counters(lab, programs, behaves, 2 if thorough else 1, bar)
            fine = all(result.status in (PASS, SKIPPED) for result in results)
            for number, spec in enumerate(specs, 2 + len(lab.budgets)):
                bar.begin("counting instructions", number)
                results.append(_instructions(lab, spec, programs, fine))
        except _DoesNotCompile as error:
            return [Result(0, "it compiles", FAIL, "no", "yes", str(error))]
        except building.CompileError as error:
            return [Result(0, "what it is compared with compiles", INVALID, "no", "yes",
                           f"{error}: {RESTORE}")]
        return results


def _behaviour(programs, thorough, bar):
    stage = programs.stage_dir.name
    bar.begin("contract suite", 0)
    test = f"cmake --build build --target test-{stage} && build/bin/test-{stage}"
    results = [_suite_result("contract suite", suite.contract(programs("test")), test)]
    bar.begin("behaviour over HTTP", 1)
    if thorough and results[0].status == PASS:
        test = (f"SERVICES=build/bin/leftpad-{stage} /usr/bin/python3 "
                f"common/tests/service/http_test.py")
        results.append(
            _suite_result("behaviour over HTTP", suite.over_http(programs("leftpad")), test))
    return results


def _counters(lab, programs, behaves, times, bar):
    measured, results = {}, []
    for number, budget in enumerate(lab.budgets, 2):
        group, metric = budget["metric"].split(":")
        bar.begin(f"counting {group}", number)
        if not behaves and not budget.get("behaviour"):
            results.append(Result(1, metric, SKIPPED, None, _budget_text(budget),
                                  "Right first: fix the behaviour above"))
            continue
        if group not in measured:
            budgets = {one["metric"].removeprefix(f"{group}:"): one for one in lab.budgets}
            measured[group] = _measure(lab, counters.GROUPS[group], programs, times, budgets,
                                       group in TIMED)
        results.append(_judge(1, metric, budget, measured[group]))
    return results


def _measure(lab, measure, programs, times, budgets, timed=False):
    """(metrics, metrics again), or why there are none. `budgets`: by metric; `timed`: that one is
    missed may be the machine's fault."""
    try:
        measured = [_unless_broken(measure, programs) for _ in range(times)]
        if any(REASON in run for run in measured) or (timed and not _good(budgets, measured)):
            _must_be_no_fault_of_the_machine(lab, measure, measured, budgets)
        return measured
    except (running.Unavailable, running.OwnFault) as reason:
        return reason


def _good(budgets, measured):
    return all(within(budgets[name], value) for run in measured for name, value in run.items()
               if name in budgets)


def _must_be_no_fault_of_the_machine(lab, measure, measured, budgets):
    """A stage is broken, or too slow: what time says of it counts if the lab's own solution is good
    at the same time. Raises OwnFault if it is not."""
    with asking.aside(), starters.solution(lab) as folder:
        programs = building.Programs(folder)
        own = _unless_broken(measure, programs)
        if REASON in own or not _good(budgets, [own]):
            raise running.OwnFault(OWN_FAULT)
        if late := [run[LATE] for run in measured if LATE in run]:
            start = time.monotonic()
            _unless_broken(measure, programs)  # which is built
            if (time.monotonic() - start) * PATIENCE > late[0]:
                raise running.OwnFault(SLOW)


def _instructions(lab, spec, programs, fine):
    if "operation" in spec:
        tier, least = 2, spec["min_ratio"]
        name = f"instructions, {spec['operation']}: starter / yours"
    else:  # of the service, whose code no probe can answer for
        tier, least = 1, spec["min_percent"]
        name = f"instructions of {spec.get('of', 'a request')}: % of what a repair saves"
    budget = {**spec, "min": least}
    if not fine:
        return Result(tier, name, SKIPPED, None, _budget_text(budget), "First the budgets above")
    return _judge(tier, name, budget, _measure(
        lab, lambda programs: {name: _count(lab, spec, programs)}, programs, 1, {name: budget}))


def _count(lab, spec, programs):
    if "operation" in spec:
        return instructions.ratio(lab, spec["operation"], programs("probe"))
    return instructions.of_the_way(lab, spec, programs("leftpad"))


def _unless_broken(group, programs):
    """The metrics; only the reason if the stage is broken, and after how long if it was late."""
    try:
        return group(programs)
    except subprocess.TimeoutExpired as error:
        return {REASON: _reason(error), LATE: error.timeout}
    except TimeoutError as error:
        return {REASON: _reason(error), LATE: service.ANSWER_SECONDS}
    except BROKEN as error:
        return {REASON: _reason(error)}


def _reason(error):
    """What is the same on every run of what went wrong."""
    if isinstance(error, asking.NoAnswer):
        return str(error)
    if isinstance(error, subprocess.TimeoutExpired):
        return f"It ran for {error.timeout:.0f} s: does the stage hang?"
    return "The stage crashed, hung, broke off, or lacks what this counts: see the page"


def _suite_result(name, failed, command):
    if not failed:
        return Result(0, name, PASS, "all pass", "all pass")
    shown = ", ".join(failed[:MAX_NAMES])
    if len(failed) > MAX_NAMES:
        shown += f" and {len(failed) - MAX_NAMES} more"
    return Result(0, name, FAIL, f"{len(failed)} fail", "all pass",
                  f"Run {command} to see what fails: {shown}")


def _judge(tier, metric, budget, measured):
    limit = _budget_text(budget)
    if isinstance(measured, running.Unavailable):
        return Result(tier, metric, SKIPPED, None, limit, str(measured))
    if isinstance(measured, running.OwnFault):
        return Result(tier, metric, INVALID, None, limit, f"{measured}: grade again")
    values = [run.get(metric) for run in measured]
    if None in values:
        return Result(tier, metric, FAIL, "absent", limit, measured[0].get(
            REASON, "The stage lacks what this counts: see the page"))
    good = {within(budget, value) for value in values}
    if len(good) > 1:
        return Result(tier, metric, INVALID, f"{values[0]} then {values[1]}", limit,
                      "Two runs disagree: grade again")
    good = good.pop()
    return Result(tier, metric, PASS if good else FAIL, max(values), limit,
                  "" if good else budget["next"])


def verdict_of(results: list[Result]) -> str:
    """FAIL beats INVALID beats SKIPPED beats PASS; but what is SKIPPED of tier 2 is left out: tier
    1 has judged the stage."""
    states = {result.status for result in results}
    for status in (FAIL, INVALID):
        if status in states:
            return status
    return SKIPPED if any(result.tier <= 1 and result.status == SKIPPED
                          for result in results) else PASS


def as_json(lab: Lab, results: list[Result], seed: int) -> dict:
    """The verdict and its results, as build/labs/labNN.json has them."""
    told = [{key: value for key, value in asdict(result).items() if value not in (None, "")}
            for result in results]
    return {"lab": lab.number, "title": lab.title, "verdict": verdict_of(results), "seed": seed,
            "results": told}
