"""Tier 0: the whole contract suite of the stage, and its behaviour over real HTTP where the lab asks for it."""
import os
import re
import signal
import subprocess
import sys

from labs import paths
from base import signals

SUITE_SECONDS = 120


def contract(program):
    """Names of the failing tests, sorted; empty if all pass."""
    try:
        done = subprocess.run([str(program), "--gtest_brief=1"], capture_output=True, text=True,
                              check=False, timeout=SUITE_SECONDS, errors="replace")
    except subprocess.TimeoutExpired:
        return [f"(the suite hung for {SUITE_SECONDS} s)"]
    failed = set(re.findall(r"^\[  FAILED  \] (\w+\.\w+)", done.stdout, re.M))
    if done.returncode != 0 and not failed:
        return ["(the suite crashed)"]
    if not failed and not re.search(r"^\[  PASSED  \] [1-9]", done.stdout, re.M):
        return ["(the suite ended before its last test)"]
    return sorted(failed)


def over_http(program):
    """The same of common/tests/service/http_test.py, against the running service."""
    process = None
    try:
        with signals.held():
            process = subprocess.Popen(
                [sys.executable,
                 str(paths.ROOT / "common/tests/service/http_test.py")], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                start_new_session=True,
                env={**os.environ, "SERVICES": str(program), "PYTHONDONTWRITEBYTECODE": "1"})
        said = process.communicate(timeout=SUITE_SECONDS)[1]
    except subprocess.TimeoutExpired:
        return [f"(http_test.py hung for {SUITE_SECONDS} s)"]
    finally:
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # its services, too
            process.communicate()
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", said, re.M))
    return sorted(failed) or (["(http_test.py crashed)"] if process.returncode else [])
