#!/usr/bin/python3
"""Instructions a request, counted by callgrind: instructions_test.py SERVICE-WITHOUT-TCMALLOC.

One keep-alive connection asks 3,000 times; all instructions that serve it are divided by that. What
is left, by whose code: callgrind_annotate --inclusive=yes FILE, where FILE is kept if CALLGRIND_OUT
names it. Exit code 77 (skipped) without valgrind, and on another processor than
x86-64, for which nobody has counted the budget.
"""

import os
import platform
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))

from under_test import main  # noqa: E402
from tracing import SKIPPED  # noqa: E402
from base import callgrind  # noqa: E402
from base.client import ask  # noqa: E402
from base.service import Service  # noqa: E402

REQUESTS = 3000
# On x86-64, for cpp-httplib 0.11.4 and g++ 12: 44,790; 27,700 more while it read each head again.
MOST = 56_000


class Instructions(unittest.TestCase):
    program = ""

    def test_a_request_stays_within_its_budget(self):
        out = os.environ.get("CALLGRIND_OUT", "/dev/null")
        with callgrind.counting(callgrind.CONNECTION,
                                f"--callgrind-out-file={out}") as (words, number):
            before = ("env", *callgrind.NO_SAMPLES, *words)
            with Service(self.program, "--log-flush-ms=60000", before=before,
                         debug="off") as service:
                with service.connect() as sock:
                    ask(sock, REQUESTS)
                service.stop()
            each = number() / REQUESTS
        print(f"{each:,.0f} instructions a request, at most {MOST:,}")
        self.assertLessEqual(each, MOST)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if platform.machine() != "x86_64":
        print(f"skipped: the budget is that of x86-64, and this is {platform.machine()}")
        sys.exit(SKIPPED)
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is missing (apt-get install valgrind)")
        sys.exit(SKIPPED)
    Instructions.program = sys.argv.pop()
    main()
