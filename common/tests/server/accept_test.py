"""A service that can accept no more connections says so, keeps its log and ends with exit code 1.

SERVICES names the binary, as for the tests of ../service. strace makes accept(2) fail. Exit code 77
(skipped) where tracing is forbidden, as in some containers.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))

from under_test import WAIT_SECONDS, Service, main  # noqa: E402
from tracing import skip_without_strace  # noqa: E402


def failing(number, *options):
    """A service under strace; the accept with this number fails with ENFILE."""
    fault = f"inject=accept,accept4:error=ENFILE:when={number}"
    return Service("--log-flush-ms=60000", *options, before=(
        "strace", "-f", "-o", "/dev/null", "-e", "trace=accept,accept4", "-e", fault))


class Accept(unittest.TestCase):
    def ends_and_says_why(self, service, options="--host, --port"):
        self.assertEqual(service.process.wait(WAIT_SECONDS), 1, service.said())
        self.assertRegex(
            service.said(), rf"{options}: http://127\.0\.0\.1:\d+ accepts no more connections: "
            r"Too many open files in system; .* start it again\n$")

    def test_a_failure_ends_the_service_and_loses_nothing(self):
        for io in ("buffered", "plain"):
            with self.subTest(io), failing(3, "--debug-addr=off", f"--io={io}") as service:
                with service.connect() as sock:
                    sock.sendall(b"GET /v1/leftpad/?len=1&str=kept HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertIn(b" 200 ", sock.recv(65536))
                    with service.connect():  # once accepted, the next accept fails
                        self.ends_and_says_why(service)
                self.assertIn("str=kept", service.log.read_text(encoding="utf-8"))

    def test_a_failure_at_once_ends_it_too(self):
        with failing(1, "--debug-addr=off") as service:
            self.ends_and_says_why(service)

    def test_it_does_not_go_on_without_its_debug_listener(self):
        with failing(2) as service:  # strace counts for each thread
            with service.connect(service.debug_port):
                self.ends_and_says_why(service, "--debug-addr")


if __name__ == "__main__":
    skip_without_strace()
    main()
