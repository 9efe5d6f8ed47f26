"""What is left of a service that is told to stop, is killed, cannot write its log, or gets no
thread.

SERVICES names the binary, as for the tests of ../service.
"""

import contextlib
import errno
import re
import resource
import signal
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))

from under_test import WAIT_SECONDS, Service, eventually, main  # noqa: E402

ROUNDS = 20
CLIENTS = 4
ASK_ONCE = b"GET /v1/leftpad/?len=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
FLUSH_MS = 500  # a wrong unit is longer than a test waits
HELD_SECONDS = 1  # less than the grace for a client that keeps it busy


class Client(threading.Thread):
    """Sends requests on one connection until it ends; keeps the ids of complete answers."""

    def __init__(self, port, name):
        super().__init__(name=name)
        self.port = port
        self.answered = []  # (time of the request, time of the answer, id)
        self.mistaken = None  # an answer of another request, and the id

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS) as sock:
                while self.ask(sock, f"{self.name}-{len(self.answered)}."):
                    pass
        except OSError:
            pass  # the service ended the connection

    def ask(self, sock, ident):
        asked = time.monotonic()
        sock.sendall(f"GET /v1/leftpad/?str={ident}&len=9 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\"}\n"):
            block = sock.recv(65536)
            if not block:
                return False
            answer += block
        if f'{ident}"'.encode() not in answer:
            self.mistaken = answer, ident
            return False
        self.answered.append((asked, time.monotonic(), ident))
        return b"Connection: close" not in answer


def load(port, round_number):
    """Clients, each of which has an answer."""
    clients = [Client(port, f"r{round_number}c{i}") for i in range(CLIENTS)]
    for client in clients:
        client.start()
    if not eventually(lambda: all(client.answered for client in clients)):
        raise AssertionError("a client has no answer")
    return clients


def answers_of(clients):
    for client in clients:
        client.join()
        if client.mistaken:
            raise AssertionError(f"an answer to another request: {client.mistaken}")
    return [answer for client in clients for answer in client.answered]


def logged(lines):
    return {found[1] for line in lines if (found := re.search(r"str=([^&\"]*)&len=9", line))}


class Durability(unittest.TestCase):
    def test_no_answered_request_is_missing_in_the_log_after_sigterm(self):
        for number in range(ROUNDS):
            with Service() as service:
                clients = load(service.port, number)
                time.sleep(0.01 * number)  # in each round at another place
                self.assertEqual(service.stop(), 0)
                answers = answers_of(clients)
                lost = {ident for *_, ident in answers} - logged(service.log_lines())
                self.assertEqual(lost, set(), f"round {number}: {len(answers)} answered")

    def test_kill_loses_one_flush_interval_at_most(self):
        """Each interval ends with a flush, also of a single line, and a flush leaves nothing
        out: what was answered before a request that is in the log is there too."""
        with Service(f"--log-flush-ms={FLUSH_MS}") as service:
            alone = Client(service.port, "alone")
            with service.connect() as sock:
                for ident in ("first", "second"):
                    self.assertTrue(alone.ask(sock, ident))
                    self.assertTrue(eventually(lambda: ident in logged(service.log_lines())))
            clients = load(service.port, 0)
            loaded = {ident for client in clients for *_, ident in list(client.answered)}
            self.assertTrue(eventually(lambda: loaded <= logged(service.log_lines())))
            service.process.kill()
            answers = answers_of(clients)
            service.process.wait()
            kept = logged(service.log_lines())
            last = max(asked for asked, _, ident in answers if ident in kept)
            self.assertEqual({ident for _, answered, ident in answers if answered < last} - kept,
                             set())

    def test_waits_for_no_idle_or_slow_connection(self):
        with Service() as service:
            sockets = [service.connect() for _ in range(200)]
            for sock in sockets[::2]:
                sock.sendall(b"GET /v1/leftpad/?str=slow")
            self.assertTrue(eventually(
                lambda: service.counted()["server"]["connections_active"] == 200))
            self.assertEqual(service.stop(), 0)
            for sock in sockets:
                self.assertEqual(end_of(sock), b"")  # a slow one's time is not up: no 408

    def test_sighup_while_stopping_loses_nothing(self):
        # 120 KB an answer: each control character takes six bytes of JSON.
        with Service() as service, \
                not_reading(service, service.port, "/v1/leftpad/?len=20000&chr=%01"):
            self.assertIn(b" 200 ", service.raw(ASK_ONCE))
            start = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: refuses(service.port)))
            service.process.send_signal(signal.SIGHUP)
            self.assertEqual(service.process.wait(WAIT_SECONDS), 0)
            self.assertGreater(time.monotonic() - start, HELD_SECONDS, "nothing held it up")
            self.assertIn('url="/v1/leftpad/?len=1"', "\n".join(service.log_lines()))

    def test_a_stuck_debug_client_does_not_keep_the_service_open(self):
        long_command = ["--threads=2048"] * 8000  # 120 KB
        with Service(*long_command) as service, \
                not_reading(service, service.debug_port, "/debug/pprof/cmdline"):
            self.assertIn(b" 200 ", service.raw(ASK_ONCE))
            service.process.send_signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: refuses(service.port)))
            self.assertIsNone(service.process.poll(), "the service's port waited for the grace")
            self.assertEqual(service.process.wait(WAIT_SECONDS), 0)


def refuses(port):
    """Whether nobody listens. A connection that is reset met the listener while it was closed: it
    shows neither that somebody listens nor that nobody does, so ask again."""
    with socket.socket() as sock:
        sock.settimeout(WAIT_SECONDS)
        return sock.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def end_of(sock):
    """What still comes before the end of the connection; closes it."""
    with sock:
        sock.settimeout(WAIT_SECONDS)
        try:
            return b"".join(iter(lambda: sock.recv(65536), b""))
        except ConnectionResetError:
            return b""


def waits_for(service, sock):
    """Whether the service cannot go on before this client reads: the kernel probes the client's
    closed window (timer 04 in proc(5), /proc/net/tcp), and no thread of the service runs."""
    ends = [f":{name[1]:04X}" for name in (sock.getpeername(), sock.getsockname())]
    process = Path(f"/proc/{service.process.pid}")
    sockets = [line.split() for line in (process / "net/tcp").read_text().splitlines()[1:]]
    if not any([local[-5:], remote[-5:]] == ends and timer.startswith("04:")
               for _, local, remote, _, _, timer, *_ in sockets):
        return False
    with contextlib.suppress(OSError):  # a thread ends just now
        return all(") S " in task.read_text() for task in process.glob("task/*/stat"))


def not_reading(service, port, target):
    """A client that reads none of its answers, more than any buffer takes: at its stop the
    service waits for it, for the grace."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 200)
    if not eventually(lambda: waits_for(service, sock)):
        raise AssertionError("the service does not wait for its client")
    return sock


class NoThreadLeft(unittest.TestCase):
    def test_a_connection_is_refused_and_the_service_lives(self):
        with Service() as service:
            pid = service.process.pid
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                address_space = int(file.read().split()[0]) * resource.getpagesize()
            before = resource.prlimit(pid, resource.RLIMIT_AS)
            # Too little for one more stack, enough for the rest.
            resource.prlimit(pid, resource.RLIMIT_AS, (address_space + (2 << 20), before[1]))
            for _ in range(3):
                with service.connect() as sock:
                    self.assertIn(b" 503 ", sock.recv(65536))
            resource.prlimit(pid, resource.RLIMIT_AS, before)
            self.assertIn(b" 200 ", service.raw(ASK_ONCE))
            self.assertEqual(service.stop(), 0)


class FullDisk(unittest.TestCase):
    def test_the_service_answers_counts_and_reports_the_loss(self):
        with Service("--log-file=/dev/full") as service:
            client = Client(service.port, "full")
            with service.connect() as sock:
                for i in range(100):
                    self.assertTrue(client.ask(sock, f"full-{i}."))
            self.assertTrue(eventually(lambda: service.counted()["log"]["lines_lost"] >= 100))
            self.assertEqual(service.stop(), 0)
            self.assertRegex(service.said(), r"log lines lost: /dev/full")


if __name__ == "__main__":
    main()
