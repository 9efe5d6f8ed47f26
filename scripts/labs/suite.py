"""Tier 0: the whole contract suite of the stage, and its behaviour over real HTTP where the lab
asks for it."""
import os
import re
import subprocess
import sys
from pathlib import Path

from base import children
from labs import paths

SUITE_SECONDS = 120


def contract(program: Path) -> list[str]:
    """Names of the failing tests, sorted; empty if all pass."""
    try:
        done = children.run([program, "--gtest_brief=1"], SUITE_SECONDS)
    except subprocess.TimeoutExpired:
        return [f"(the suite hung for {SUITE_SECONDS} s)"]
    failed = set(re.findall(r"^\[  FAILED  \] (\w+\.\w+)", done.stdout, re.M))
    if done.status != 0 and not failed:
        return ["(the suite crashed)"]
    if not failed and not re.search(r"^\[  PASSED  \] [1-9]", done.stdout, re.M):
        return ["(the suite ended before its last test)"]
    return sorted(failed)


def over_http(program: Path) -> list[str]:
    """The same of common/tests/service/http_test.py, against the running service."""
    try:
        done = children.run([sys.executable, paths.ROOT / "common/tests/service/http_test.py"],
                            SUITE_SECONDS, env={**os.environ, "SERVICES": str(program),
                                                "PYTHONDONTWRITEBYTECODE": "1"})
    except subprocess.TimeoutExpired:
        return [f"(http_test.py hung for {SUITE_SECONDS} s)"]
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.M))
    return sorted(failed) or (["(http_test.py crashed)"] if done.status else [])
