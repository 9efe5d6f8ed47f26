"""Tier 0: the whole contract suite of the stage, and its behaviour over real HTTP where the lab
asks for it."""
import functools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from base import children, sandbox
from base.signals import temporary_folder
from labs import asking, building, paths, starters
from labs.progress import UNUSABLE

SUITE_SECONDS = 120
LEAST_SECONDS, PATIENCE = 20, 30  # of a stage: the second is a multiple of what v2-optimized takes


@functools.cache
def german_locale() -> Path:
    """A folder with de_DE.UTF-8, which Debian compiles only where somebody speaks German."""
    folder = paths.BUILD / "labs" / "locale"
    if not (folder / "de_DE.UTF-8").exists():
        with starters.whole(folder) as fresh:
            fresh.mkdir()
            children.run(["localedef", "-i", "de_DE", "-f", "UTF-8", fresh / "de_DE.UTF-8"])
    return folder


@functools.cache
def reference() -> tuple[frozenset[str], float]:
    """(the names of the suite's tests, the seconds that a stage has for them) by v2-optimized."""
    program = building.program(paths.ROOT / paths.BASE_STAGE, "test")
    german = german_locale()
    start = time.monotonic()
    said = sandbox.run([program], SUITE_SECONDS, readable=[program, german],
                       environment={"LOCPATH": str(german)}).stdout
    seconds = time.monotonic() - start
    return frozenset(re.findall(r"^\[       OK \] (\w+\.\w+)", said, re.M)), max(
        LEAST_SECONDS, PATIENCE * seconds)


def contract(program: Path) -> list[str]:
    """Names of the failing tests, sorted; empty if all pass and the stage answers rightly."""
    words, (all_tests, seconds) = asking.draw(), reference()
    with temporary_folder() as folder:
        report = Path(folder, "report.json")
        try:
            done = sandbox.run([program, f"--gtest_output=json:{report}"], seconds,
                               readable=[program, german_locale()], writable=[folder],
                               environment={"GRADER_WORDS": " ".join(words),
                                            "LOCPATH": str(german_locale())})
        except subprocess.TimeoutExpired:
            return ["(the suite hangs)"]
        try:
            told = json.loads(sandbox.read(report))
            tests = {f"{suite['name']}.{test['name']}": test
                     for suite in told["testsuites"] for test in suite["testsuite"]}
        except UNUSABLE:
            return [f"(the program ended before its last test: "
                    f"{children.how_it_ended(done.status)})"]
    failed = sorted(name for name in all_tests
                    if "failures" in tests.get(name, {"failures": "it did not run"}))
    right = "".join(f"{asking.padded(word, 50)} " for word in words)
    return failed or ([] if told.get("answers") == right else
                      ["(leftpad does not answer the grader's own questions)"])


def over_http(program: Path) -> list[str]:
    """The same of common/tests/service/http_test.py, against the running service."""
    seconds = 2 * reference()[1]
    try:
        done = children.run([
            "prlimit", "--data=1000000000:", sys.executable,
            paths.ROOT / "common/tests/service/http_test.py"], seconds, env={
                **os.environ, "SERVICES": str(program), "PYTHONDONTWRITEBYTECODE": "1"})
    except subprocess.TimeoutExpired:
        return ["(http_test.py waits for what does not come)"]
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.M))
    return sorted(failed) or (["(http_test.py crashed)"] if done.status else [])
