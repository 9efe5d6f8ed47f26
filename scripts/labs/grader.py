"""Judges a stage against a lab. Knows no text of the screen; screen.py prints what this finds.

A result is one of
  PASS     the value is within its budget
  FAIL     it is not: the stage has to change
  INVALID  two measurements disagree: the grader's fault, grade again
  SKIPPED  a tool is missing, or an earlier tier failed: nothing is said about the stage
Everything in a result is the same on every run and every machine: no times, no paths.
"""
import subprocess
from dataclasses import asdict, dataclass

from labs import building, counters, instructions, running, suite
from labs.running import Broken

PASS, FAIL, INVALID, SKIPPED = "PASS", "FAIL", "INVALID", "SKIPPED"
MAX_NAMES = 3
BROKEN = (ConnectionError, TimeoutError, subprocess.TimeoutExpired, Broken
          )  # the stage crashes, hangs or breaks off connections


@dataclass(frozen=True)
class Result:
    tier: int
    name: str
    status: str
    value: object = None
    budget: str = ""
    next: str = ""


class Programs:
    """The programs of one stage, built when first asked for."""

    def __init__(self, stage_dir):
        self.stage_dir, self.built = stage_dir, {}

    def __call__(self, kind):
        if kind not in self.built:
            self.built[kind] = building.program(self.stage_dir, kind)
        return self.built[kind]


def _budget_text(budget):
    for word, sign in (("max", "<="), ("min", ">="), ("equals", "=")):
        if word in budget:
            return f"{sign} {budget[word]}"
    raise KeyError(f"a budget without max, min or equals: {budget}")


def within(budget, value):
    if "max" in budget:
        return value <= budget["max"]
    if "min" in budget:
        return value >= budget["min"]
    return value == budget["equals"]


class Grader:
    """`tiers`: the highest tier to judge. `thorough`: measure counters twice, run the HTTP tests
    too."""

    def __init__(self, tiers=2, thorough=True):
        self.tiers, self.thorough = tiers, thorough

    def grade(self, lab, stage_dir):
        """Results of all tiers, in a fixed order."""
        programs = Programs(stage_dir)
        try:
            results = self._behaviour(programs)
            behaves = all(result.status == PASS for result in results)
            results += self._counters(lab, programs, behaves)
        except building.CompileError as error:
            return [Result(0, "it compiles", FAIL, "no", "yes", str(error))]
        if self.tiers >= 2 and "instructions" in lab.data:
            fine = all(result.status in (PASS, SKIPPED) for result in results)
            results.append(self._instructions(lab, programs, fine))
        return results

    def _behaviour(self, programs):
        stage = programs.stage_dir.name
        test = f"cmake --build build --target test-{stage} && build/bin/test-{stage}"
        results = [_suite_result("contract suite", suite.contract(programs("test")), test)]
        if self.thorough and results[0].status == PASS:
            test = (f"SERVICES=build/bin/leftpad-{stage} /usr/bin/python3 "
                    f"common/tests/service/http_test.py")
            results.append(
                _suite_result("behaviour over HTTP", suite.over_http(programs("leftpad")), test))
        return results

    def _counters(self, lab, programs, behaves):
        measured = {}
        results = []
        for budget in lab.budgets:
            group, metric = budget["metric"].split(":")
            if not behaves and not budget.get("behaviour"):
                results.append(
                    Result(1, metric, SKIPPED, None, _budget_text(budget),
                           "Right first: fix the behaviour above"))
                continue
            if group not in measured:
                measured[group] = self._measure(group, programs)
            results.append(_judge(budget, metric, measured[group]))
        return results

    def _measure(self, group, programs):
        """(metrics, metrics again), or the text of what is missing."""
        times = 2 if self.thorough else 1
        try:
            return [_unless_broken(counters.GROUPS[group], programs) for _ in range(times)]
        except running.Unavailable as missing:
            if group not in counters.FALLBACKS:
                return str(missing)
            other, metric = counters.FALLBACKS[group]
            return str(missing), metric, [
                _unless_broken(counters.GROUPS[other], programs) for _ in range(times)
            ]

    def _instructions(self, lab, programs, fine):
        spec = lab.data["instructions"]
        name = f"instructions, {spec['operation']}: starter / yours"
        budget = f">= {spec['min_ratio']}"
        if not fine:
            return Result(2, name, SKIPPED, None, budget, "First the budgets above")
        try:
            ratio = instructions.ratio(lab, programs("probe"))
        except running.Unavailable as missing:
            return Result(2, name, SKIPPED, None, budget, f"{missing}; the counters above decide")
        except subprocess.TimeoutExpired:
            return Result(
                2, name, FAIL, "absent", budget,
                f"The stage ran for {instructions.VALGRIND_SECONDS} s under callgrind: does it "
                f"hang?"
            )
        status = PASS if ratio >= spec["min_ratio"] else FAIL
        return Result(2, name, status, ratio, budget, "" if status == PASS else spec["next"])


def _unless_broken(group, programs):
    """The metrics; none at all if the stage is broken."""
    try:
        return group(programs)
    except BROKEN:
        return {}


def _suite_result(name, failed, command):
    if not failed:
        return Result(0, name, PASS, "all pass", "all pass")
    shown = ", ".join(failed[:MAX_NAMES]) + (f" and {len(failed) - MAX_NAMES} more"
                                             if len(failed) > MAX_NAMES else "")
    return Result(0, name, FAIL, f"{len(failed)} fail", "all pass",
                  f"Run {command} to see what fails: {shown}")


def _judge(budget, metric, measured):
    limit = _budget_text(budget)
    if isinstance(measured, str):
        return Result(1, metric, SKIPPED, None, limit, measured)
    if isinstance(measured, tuple):
        missing, other, runs = measured
        values = {run.get(other) for run in runs}
        if len(values) > 1:
            return Result(1, other, INVALID, None, "= 0", "Two runs disagree: grade again")
        status = PASS if values == {0} else FAIL
        return Result(1, other, status, values.pop(), "= 0", f"Instead of {metric}: {missing}")
    values = [run.get(metric) for run in measured]
    if None in values:
        return Result(
            1, metric, FAIL, "absent", limit,
            "The stage crashed, hung, broke off, or lacks what this counts: see the page")
    if len(set(values)) > 1:
        return Result(1, metric, INVALID, f"{values[0]} then {values[1]}", limit,
                      "Two runs disagree: grade again")
    good = within(budget, values[0])
    return Result(1, metric, PASS if good else FAIL, values[0], limit,
                  "" if good else budget["next"])


def verdict_of(results):
    """FAIL beats INVALID beats SKIPPED, of what decides (tier 1), beats PASS."""
    states = {result.status for result in results}
    for status in (FAIL, INVALID):
        if status in states:
            return status
    return SKIPPED if any(result.tier <= 1 and result.status == SKIPPED
                          for result in results) else PASS


def as_json(lab, results):
    return {
        "lab": lab.number, "title": lab.title, "verdict": verdict_of(results), "results": [{
            key: value for key, value in asdict(result).items() if value not in (None, "")
        } for result in results]
    }
