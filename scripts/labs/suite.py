"""Tier 0: the whole contract suite of the stage, and its behaviour over real HTTP where the lab
asks for it."""
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from base import children, sandbox
from base.signals import temporary_folder
from labs import asking, building, paths

SUITE_SECONDS = 120


@functools.cache
def all_tests() -> frozenset[str]:
    """The names of the suite's tests, as v2-optimized has them."""
    program = building.program(paths.ROOT / paths.BASE_STAGE, "test")
    listed = sandbox.run([program, "--gtest_list_tests"], SUITE_SECONDS, readable=[program]).stdout
    return frozenset(suite + test for suite, tests in re.findall(
        r"^(\w+\.)\n((?:  .*\n)+)", listed, re.M) for test in re.findall(r"^  (\w+)", tests, re.M))


def contract(program: Path) -> list[str]:
    """Names of the failing tests, sorted; empty if all pass and the stage answers rightly."""
    words = asking.draw()
    with temporary_folder() as folder:
        report = Path(folder, "report.json")
        try:
            done = sandbox.run([program, f"--gtest_output=json:{report}"], SUITE_SECONDS,
                               readable=[program], writable=[folder],
                               environment={"GRADER_WORDS": " ".join(words)})
        except subprocess.TimeoutExpired:
            return [f"(the suite hung for {SUITE_SECONDS} s)"]
        try:
            told = json.loads(sandbox.read(report))
            tests = {f"{suite['name']}.{test['name']}": test
                     for suite in told["testsuites"] for test in suite["testsuite"]}
        except (ValueError, TypeError, KeyError, RecursionError):
            return [f"(the program ended before its last test: "
                    f"{children.how_it_ended(done.status)})"]
    failed = sorted(name for name in all_tests()
                    if "failures" in tests.get(name, {"failures": "it did not run"}))
    right = "".join(f"{asking.padded(word, 50)} " for word in words)
    return failed or ([] if told.get("answers") == right else
                      ["(leftpad does not answer the grader's own questions)"])


def over_http(program: Path) -> list[str]:
    """The same of common/tests/service/http_test.py, against the running service."""
    try:
        done = children.run([
            "prlimit", "--data=1000000000:", sys.executable,
            paths.ROOT / "common/tests/service/http_test.py"], SUITE_SECONDS, env={
                **os.environ, "SERVICES": str(program), "PYTHONDONTWRITEBYTECODE": "1"})
    except subprocess.TimeoutExpired:
        return [f"(http_test.py hung for {SUITE_SECONDS} s)"]
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.M))
    return sorted(failed) or (["(http_test.py crashed)"] if done.status else [])
