"""A reader of the log that does not read costs lines, and they are counted; it costs no request and
no signal. Readers: a FIFO as log file; standard error as a pipe, a terminal, or not there at all.
"""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import tempfile
import threading
import tty
import unittest
import urllib.request

import under_test

REQUESTS = 1000
TARGET = under_test.leftpad_path(str="test", len=50, chr="*")


def log_vars(port: int) -> dict:
    """What /debug/vars of this debug port says of the log."""
    url = f"http://{under_test.OWN_HOST}:{port}/debug/vars"
    with urllib.request.urlopen(url, timeout=under_test.WAIT_SECONDS) as answer:
        return json.load(answer)["log"]


def drain(reader: int) -> bytes:
    """All that is in a pipe or terminal that nobody writes to any more."""
    os.set_blocking(reader, False)
    data = b""
    with contextlib.suppress(OSError):
        while block := os.read(reader, 65536):
            data += block
    return data


def has_requests(path: str) -> bool:
    """Whether a log has been written at this path."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return " request " in file.read()
    return False


class Client:
    """Sends requests on one connection."""

    def __init__(self, port: int):
        self.sock = None
        assert under_test.eventually(lambda: self.connected(port)), "the service is not there"

    def connected(self, port: int) -> bool:
        """The service may not be able to say that it listens."""
        with contextlib.suppress(ConnectionRefusedError):
            self.sock = socket.create_connection((under_test.OWN_HOST, port),
                                                 under_test.WAIT_SECONDS)
        return self.sock is not None

    def ask(self, requests: int) -> int:
        """How many of so many requests were answered; a hanging one raises."""
        answered = 0
        for _ in range(requests):
            self.sock.sendall(f"GET {TARGET} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b"\"}\n"):
                block = self.sock.recv(65536)
                assert block, "the connection was closed"
                answer += block
            answered += answer.startswith(b"HTTP/1.1 200")
        return answered


@contextlib.contextmanager
def running(stderr: int, *options: str, before=()):
    """(process, client, debug port) of a service with this standard error."""
    port, debug_port = under_test.free_ports(socket.SOCK_STREAM, socket.SOCK_STREAM)
    process = subprocess.Popen([*before, under_test.binary(), f"--host={under_test.OWN_HOST}",
                                f"--port={port}",
                                f"--debug-addr={under_test.OWN_HOST}:{debug_port}",
                                *options], stderr=stderr)
    try:
        client = Client(port)
        yield process, client, debug_port
        client.sock.close()
    finally:
        process.kill()
        process.wait()


def fill(client: Client, debug_port: int) -> int:
    """Sends requests until more lines are lost; returns how many."""
    sent = 0
    before = log_vars(debug_port)["lines_lost"]
    while log_vars(debug_port)["lines_lost"] == before:
        assert sent < 100_000, "no line is lost"
        sent += client.ask(200)
    return sent


def lines_to_come(requests: int, received: bytes) -> int:
    """How many lines of so many requests are not among those received."""
    logged = received.decode(errors="replace").splitlines(keepends=True)
    a_request = 2 if any(" timing " in line for line in logged) else 1
    return requests * a_request - sum(
        line.endswith("\n") and (" request " in line or " timing " in line) for line in logged)


class StalledReader(unittest.TestCase):
    def stopped(self, process, with_signal=signal.SIGTERM):
        process.send_signal(with_signal)
        try:
            self.assertEqual(process.wait(under_test.WAIT_SECONDS), 0)
        except subprocess.TimeoutExpired:
            self.fail(f"deaf to {with_signal!r}")

    def accounted_for(self, debug_port, requests, received):
        """Each line is received or counted as lost, once none is left in the service. Received
        first: what is on its way then is in neither, so the sum is reached from below."""
        self.assertTrue(under_test.eventually(
            lambda: lines_to_come(requests, received()) == log_vars(debug_port)["lines_lost"]))

    def held(self, reader, stderr, *options, with_signal=signal.SIGTERM, before=()):
        """The whole story of one reader: it does not read, reads for the account, and again does
        not."""
        received = []
        with running(stderr, *options, before=before) as (process, client, debug_port):
            requests = fill(client, debug_port)
            self.assertEqual(client.ask(REQUESTS), REQUESTS)
            self.accounted_for(debug_port, requests + REQUESTS,
                               lambda: received.append(drain(reader)) or b"".join(received))
            fill(client, debug_port)
            client.sock.close()
            self.stopped(process, with_signal)
            self.assertTrue(drain(reader).endswith(b"\n"))

    def test_a_pipe_as_standard_error(self):
        for with_signal in (signal.SIGTERM, signal.SIGINT):
            reader, writer = os.pipe()
            self.held(reader, writer, with_signal=with_signal)
            os.close(reader)
            os.close(writer)

    def test_a_fifo_as_log_file(self):
        with tempfile.TemporaryDirectory() as directory:
            fifo = os.path.join(directory, "fifo")
            os.mkfifo(fifo)
            reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            self.held(reader, subprocess.DEVNULL, f"--log-file={fifo}")
            os.close(reader)

    def test_a_terminal_that_shows_nothing(self):
        reader, terminal = pty.openpty()
        tty.setraw(terminal)
        with running(terminal) as (process, client, debug_port):
            fill(client, debug_port)
            self.assertEqual(client.ask(REQUESTS), REQUESTS)
            self.stopped(process)
        os.close(reader)
        os.close(terminal)

    def test_a_full_pipe_from_the_start(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        with running(writer) as (process, client, _):
            self.assertEqual(client.ask(REQUESTS), REQUESTS)
            self.stopped(process)
        os.close(reader)
        os.close(writer)

    def test_a_pipe_of_another_user(self):
        """It cannot be opened a second time."""
        reader, writer = os.pipe()
        os.fchmod(writer, 0)
        unprivileged = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
        self.held(reader, writer, before=unprivileged if os.geteuid() == 0 else [])
        os.close(reader)
        os.close(writer)

    def test_the_loss_is_reported_at_the_end(self):
        with tempfile.TemporaryDirectory() as directory:
            fifo = os.path.join(directory, "fifo")
            os.mkfifo(fifo)
            reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            said, writer = os.pipe()
            with running(writer, f"--log-file={fifo}") as (process, client, debug_port):
                requests = fill(client, debug_port)
                self.stopped(process)
            lost = lines_to_come(requests, drain(reader))
            self.assertIn(f"\n{lost} log lines lost: {fifo} did not take them",
                          drain(said).decode())
            for end in (reader, said, writer):
                os.close(end)

    def test_sighup_moves_the_log_away_from_it(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "log")
            os.mkfifo(path)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            with running(subprocess.DEVNULL, f"--log-file={path}") as (process, client, debug_port):
                fill(client, debug_port)
                os.rename(path, path + ".1")
                process.send_signal(signal.SIGHUP)
                logged = under_test.eventually(lambda: client.ask(1) and has_requests(path))
                self.assertTrue(logged, "deaf to SIGHUP")
                self.stopped(process)
            os.close(reader)

    def test_a_reader_that_left_ends_nothing(self):
        reader, writer = os.pipe()
        with running(writer) as (process, client, debug_port):
            os.close(writer)
            os.close(reader)
            fill(client, debug_port)
            self.assertEqual(client.ask(REQUESTS), REQUESTS)
            self.stopped(process)

    def test_a_reader_that_reads(self):
        reader, writer = os.pipe()
        received = []
        taking = threading.Thread(target=lambda: received.extend(iter(lambda: os.read(reader, 4096),
                                                                      b"")))
        taking.start()
        with running(writer) as (process, client, debug_port):
            os.close(writer)
            self.assertEqual(client.ask(20 * REQUESTS), 20 * REQUESTS)
            # The machine may be busy: then lines are lost.
            self.accounted_for(debug_port, 20 * REQUESTS, lambda: b"".join(received))
            self.stopped(process)
        taking.join()
        os.close(reader)


class ClosedStreams(unittest.TestCase):
    def test_no_message_gets_into_a_file_that_took_the_number_of_a_closed_stream(self):
        with tempfile.TemporaryDirectory() as directory:
            for closed in ((2,), (0, 1, 2), (1,)):
                log = os.path.join(directory, "log" + "".join(map(str, closed)))
                port, = under_test.free_ports(socket.SOCK_STREAM)
                command = " ".join(["exec", under_test.binary(), f"--host={under_test.OWN_HOST}",
                                    f"--port={port}", "--debug-addr=off", f"--log-file={log}",
                                    *(f"{fd}>&-" for fd in closed)])
                process = subprocess.Popen(["bash", "-c", command], stderr=subprocess.DEVNULL)
                try:
                    client = Client(port)
                    self.assertEqual(client.ask(1), 1)
                    client.sock.close()
                    for fd in closed:
                        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
                finally:
                    process.terminate()
                    self.assertEqual(process.wait(under_test.WAIT_SECONDS), 0)
                with open(log, encoding="utf-8") as file:
                    self.assertEqual([line for line in file if "Z request " not in line
                                      and "Z timing " not in line], [])


if __name__ == "__main__":
    under_test.main()
