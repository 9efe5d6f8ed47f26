"""Tier 0: the whole contract suite of the stage, and its behaviour over real HTTP where the lab asks for it."""
import os
import re
import subprocess
import sys

from labs import paths

SUITE_SECONDS = 120


def contract(program):
    """Names of the failing tests, sorted; empty if all pass."""
    try:
        done = subprocess.run([str(program), "--gtest_brief=1"], capture_output=True, text=True, check=False,
                              timeout=SUITE_SECONDS, errors="replace")
    except subprocess.TimeoutExpired:
        return [f"(the suite hung for {SUITE_SECONDS} s)"]
    failed = set(re.findall(r"^\[  FAILED  \] (\w+\.\w+)", done.stdout, re.M))
    if done.returncode != 0 and not failed:
        return ["(the suite crashed)"]
    return sorted(failed)


def over_http(program):
    """The same of common/tests/service/http_test.py, against the running service."""
    done = subprocess.run([sys.executable, str(paths.ROOT / "common/tests/service/http_test.py")], capture_output=True,
                          text=True, check=False, timeout=SUITE_SECONDS,
                          env={**os.environ, "SERVICES": str(program), "PYTHONDONTWRITEBYTECODE": "1"})
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.M))
    return sorted(failed) or (["(http_test.py crashed)"] if done.returncode else [])
