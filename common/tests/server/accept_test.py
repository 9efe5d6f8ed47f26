"""A service that can accept no more connections says so, keeps its log and ends with exit code 1.

SERVICES names the binary, as for the tests of ../service. strace makes accept(2) fail. Exit code 77
(skipped) where tracing is forbidden, as in some containers.
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

SKIPPED = 77
END_SECONDS = 20


def binary():
    return os.environ["SERVICES"].split(",")[0]


class Failing:
    """The service under strace; the accept with this number fails with ENFILE."""

    def __init__(self, number, *options):
        self.directory = tempfile.TemporaryDirectory()
        self.log_path = os.path.join(self.directory.name, "leftpad.log")
        fault = f"inject=accept,accept4:error=ENFILE:when={number}"
        self.strace = subprocess.Popen([
            "strace", "-f", "-o", "/dev/null", "-e", "trace=accept,accept4", "-e", fault,
            binary(), "--port=0", f"--log-file={self.log_path}", "--log-flush-ms=60000", *options
        ], stderr=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.strace.poll() is None:  # strace and the service
            os.killpg(self.strace.pid, signal.SIGKILL)
            self.strace.wait()
        self.strace.stderr.close()
        self.directory.cleanup()

    def port(self):
        """Of the next line: the debug listener's comes first."""
        return int(re.search(r" http://127\.0\.0\.1:(\d+)", self.strace.stderr.readline())[1])

    def ended(self):
        """(exit code, rest of standard error, log)"""
        _, errors = self.strace.communicate(timeout=END_SECONDS)
        with open(self.log_path, encoding="utf-8") as file:
            return self.strace.returncode, errors, file.read()


class Accept(unittest.TestCase):
    def says_why(self, errors, options="--host, --port"):
        self.assertRegex(
            errors, rf"{options}: http://127\.0\.0\.1:\d+ accepts no more connections: "
            r"Too many open files in system; .* start it again\n$")

    def test_a_failure_ends_the_service_and_loses_nothing(self):
        for io in ("buffered", "plain"):
            with self.subTest(io), Failing(3, "--debug-addr=off", f"--io={io}") as service:
                address = ("127.0.0.1", service.port())
                with socket.create_connection(address, timeout=10) as sock:
                    sock.sendall(b"GET /v1/leftpad/?len=1&str=kept HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertIn(b" 200 ", sock.recv(65536))
                    with socket.create_connection(
                            address, timeout=10):  # once accepted, the next accept fails
                        code, errors, log = service.ended()
                self.assertEqual(code, 1, errors)
                self.says_why(errors)
                self.assertIn("str=kept", log)

    def test_a_failure_at_once_ends_it_too(self):
        with Failing(1, "--debug-addr=off") as service:
            code, errors, _ = service.ended()
            self.assertEqual(code, 1, errors)
            self.says_why(errors)

    def test_it_does_not_go_on_without_its_debug_listener(self):
        with Failing(2, "--debug-addr=127.0.0.1:0") as service:  # strace counts for each thread
            with socket.create_connection(("127.0.0.1", service.port()), timeout=10):
                code, errors, _ = service.ended()
            self.assertEqual(code, 1, errors)
            self.says_why(errors, "--debug-addr")


def tracing_works():
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-c", "-o", "/dev/null", "true"], capture_output=True,
        check=False).returncode == 0


if __name__ == "__main__":
    if not tracing_works():
        print("skipped: strace is missing (apt-get install strace) or may not trace here")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
