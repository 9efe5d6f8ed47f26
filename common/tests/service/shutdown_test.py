"""SIGTERM, as --help has it: running requests get --shutdown-grace to be answered, then they are
cut, counted on standard error, and the process ends within a second. A second signal ends it at
once.
"""

import contextlib
import re
import signal
import socket
import subprocess
import time
import unittest

import under_test

MAX_LEN = 16 * 1024 * 1024
# Never done: a stage whose time is the square of the length computes for hours; the answer of
# another one, six bytes for each of these control characters, is more than the sockets take.
ENDLESS = under_test.leftpad_path(len=MAX_LEN, chr="\x01")
# The first kind of stage computes for about a second.
LONG = under_test.leftpad_path(len=100_000, chr="\x01")


@contextlib.contextmanager
def request(running: under_test.Service, target: str):
    """A connection whose request has begun; nothing is read from it."""
    before = begun(running)
    with running.connect() as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        # Its line is written before it is answered.
        assert under_test.eventually(lambda: begun(running) > before), "no line in the log"
        yield sock


def begun(running: under_test.Service) -> int:
    """How many requests are in the log."""
    return sum(" request " in line for line in running.log_lines())


def answer(sock: socket.socket) -> tuple:
    """(announced, received) bytes of the body."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while block := sock.recv(1 << 20):
            data += block
    head, _, body = data.partition(b"\r\n\r\n")
    announced = re.search(rb"Content-Length: (\d+)", head)
    return int(announced[1]) if announced else None, len(body)


def last_words(running: under_test.Service) -> str:
    """What it said after "listening on"."""
    return re.sub(r"(?s)^.*listening on [^\n]*\n", "", running.said())


def service_with(*options: str) -> under_test.Service:
    return under_test.Service(f"--max-len={MAX_LEN}", *options)


class Shutdown(unittest.TestCase):
    def test_running_requests_are_answered(self):
        with service_with("--shutdown-grace=30") as running, request(running, LONG) as client:
            running.process.send_signal(signal.SIGTERM)
            self.assertEqual(running.process.wait(under_test.WAIT_SECONDS), 0)
            announced, received = answer(client)
            self.assertEqual(announced, received)
            self.assertEqual(last_words(running), "")

    def test_they_are_waited_for(self):
        with service_with("--shutdown-grace=3") as running, request(running, ENDLESS):
            start = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            self.assertEqual(running.process.wait(under_test.WAIT_SECONDS), 0)
            self.assertGreaterEqual(time.monotonic() - start, 3)

    def test_longer_ones_are_cut_and_counted(self):
        for grace in (0, 1):
            with service_with(f"--shutdown-grace={grace}") as running, \
                    request(running, ENDLESS), request(running, ENDLESS):
                running.process.send_signal(signal.SIGTERM)
                self.assertEqual(running.process.wait(under_test.WAIT_SECONDS), 0)
                self.assertEqual(
                    last_words(running),
                    f"2 requests cut: not answered within --shutdown-grace={grace} (seconds)\n")
                self.assertEqual(begun(running), 2)

    def test_idle_connections_are_no_requests(self):
        with service_with("--shutdown-grace=3600") as running, running.connect():
            running.request("/v1/leftpad/?len=1")
            self.assertEqual(running.stop(), 0)

    def test_idle_connections_are_not_counted_as_cut(self):
        with service_with("--shutdown-grace=0") as running, contextlib.ExitStack() as idle:
            for _ in range(20):
                client = idle.enter_context(running.connect())
                client.sendall(b"GET /v1/leftpad/?len=1 HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(client.recv(1000))
            self.assertEqual(running.stop(), 0)
            self.assertEqual(last_words(running), "")

    def test_a_second_signal_ends_it_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            with service_with("--shutdown-grace=3600") as running, request(running, ENDLESS):
                running.process.send_signal(signal.SIGTERM)
                self.stops_listening(running)
                running.process.send_signal(second)
                self.assertEqual(running.process.wait(under_test.WAIT_SECONDS), -second)

    def stops_listening(self, running):
        with self.assertRaises(ConnectionError):
            under_test.eventually(lambda: running.connect().close())

    def test_help_says_so(self):
        said = subprocess.run([under_test.binary(), "--help"], capture_output=True, text=True,
                              timeout=under_test.WAIT_SECONDS, check=True).stdout
        said = re.sub(r"\s+", " ", said)
        for part in ("--shutdown-grace", "cut and counted", "within a second",
                     "A second signal ends it at once", "SIGHUP"):
            self.assertIn(part, said)


if __name__ == "__main__":
    under_test.main()
