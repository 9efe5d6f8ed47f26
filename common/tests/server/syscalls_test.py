#!/usr/bin/python3
"""System calls per request in steady state, counted by strace: syscalls_test.py SERVER-PROBE.

Two runs of different length are subtracted, so that start-up and connections do not count. The
buffered connection takes 2 (recvfrom, sendto), cpp-httplib's own 11. Exit code 77 (skipped) where
tracing is forbidden, as in some containers.
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))

from under_test import main  # noqa: E402
from tracing import skip_without_strace  # noqa: E402
from base.callgrind import NO_SAMPLES  # noqa: E402
from base.client import ask  # noqa: E402
from base.service import Server  # noqa: E402


def count_calls(probe, mode, requests):
    """All system calls of the probe from its start to its end."""
    with tempfile.NamedTemporaryFile() as report:
        words = ("strace", "-f", "-c", "-o", report.name, "env", *NO_SAMPLES)
        with Server([probe, mode], before=words) as server:
            with server.connect() as sock:
                ask(sock, requests)
        text = Path(report.name).read_text(encoding="ascii")
    return int(re.search(r"(\d+)(?: +\d+)? total$", text.strip())[1])


class SystemCalls(unittest.TestCase):
    probe = None

    def per_request(self, mode):
        few, many = 100, 1100
        calls = [count_calls(self.probe, mode, requests) for requests in (few, many)]
        return (calls[1] - calls[0]) / (many - few)

    def test_buffered_takes_two_a_request(self):
        calls = self.per_request("buffered")
        print(f"buffered: {calls:.2f} system calls a request")
        self.assertLessEqual(calls, 2.1)

    def test_plain_takes_several_times_as_many(self):
        calls = self.per_request("plain")
        print(f"plain: {calls:.2f} system calls a request")
        self.assertGreaterEqual(calls, 5)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    skip_without_strace()
    SystemCalls.probe = sys.argv.pop()
    main()
