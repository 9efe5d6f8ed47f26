#!/usr/bin/python3
"""System calls per request in steady state, counted by strace: syscalls_test.py SERVER-PROBE.

Two runs of different length are subtracted, so that start-up and connections do not count. The buffered
connection takes 2 (recv, sendmsg), cpp-httplib's own 11. Exit code 77 (skipped) where tracing is
forbidden, as in some containers.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

REQUEST = b"GET /v1/leftpad/?str=test&len=50&chr=* HTTP/1.1\r\nHost: test\r\n\r\n"
BODY_END = b'test"}\n'
SKIPPED = 77


def ask(connection, times):
    for _ in range(times):
        connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(BODY_END):
            block = connection.recv(65536)
            if not block:
                raise AssertionError(f"connection closed after {answer!r}")
            answer += block


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def count_calls(probe, mode, requests):
    """All system calls of the probe from its start to its end."""
    with tempfile.NamedTemporaryFile() as report:
        strace = subprocess.Popen(["strace", "-f", "-c", "-o", report.name, probe, mode],
                                  stdout=subprocess.PIPE, text=True)
        try:
            port = int(re.search(r":(\d+)$", strace.stdout.readline())[1])
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                ask(connection, requests)
        finally:
            os.kill(child_of(strace.pid), signal.SIGTERM)
            strace.wait(timeout=20)
            strace.stdout.close()
        with open(report.name, encoding="ascii") as file:
            total = re.search(r"(\d+)(?: +\d+)? total$", file.read().strip())
        return int(total[1])


class SystemCalls(unittest.TestCase):
    probe = None

    def per_request(self, mode):
        few, many = 100, 1100
        return (count_calls(self.probe, mode, many) - count_calls(self.probe, mode, few)) / (many -
                                                                                             few)

    def test_buffered_takes_two_a_request(self):
        calls = self.per_request("buffered")
        print(f"buffered: {calls:.2f} system calls a request")
        self.assertLessEqual(calls, 2.1)

    def test_plain_takes_several_times_as_many(self):
        calls = self.per_request("plain")
        print(f"plain: {calls:.2f} system calls a request")
        self.assertGreaterEqual(calls, 5)


def tracing_works():
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-c", "-o", "/dev/null", "true"], capture_output=True,
        check=False).returncode == 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not tracing_works():
        print("skipped: strace is missing (apt-get install strace) or may not trace here")
        sys.exit(SKIPPED)
    SystemCalls.probe = sys.argv.pop()
    unittest.main(verbosity=2)
