"""A running service for the counters that need one. Loopback, free ports, ended by its own pid."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

from lib import signals
from lib.errors import Failure

AGENT = "ApacheBench/2.3"  # so that a log line is as long as under ab: the counts of the pages hold here too
TARGET = "/v1/leftpad/?str=test&len=50&chr=*"
REQUEST = f"GET {TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n\r\n".encode()
START_SECONDS = 20
ANSWER_SECONDS = 30


class Broken(Failure):
    """The stage's own fault: it crashed, hung, or printed what nobody can read. A grader fails it for that."""


class Service:
    """Use with `with`. `before` is a command that runs the service, such as strace: as its child, or `forks` is False."""

    def __init__(self, program, *options, before=(), forks=True, debug="off"):
        self.directory = tempfile.TemporaryDirectory(prefix="leftpad-lab.")
        self.log = Path(self.directory.name, "requests.log")
        self.program = os.path.realpath(program)
        self.traced = bool(before) and forks
        self.command = [
            *before,
            str(program), "--port=0", f"--debug-addr={debug}", f"--log-file={self.log}",
            "--log-flush-ms=60000", *options
        ]

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            with signals.held():
                self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                                text=True, start_new_session=True)
                self.reader = threading.Thread(target=self.process.stderr.read,
                                               daemon=True)  # a full pipe would stop the service
                undo.callback(self.__exit__)
            patience = threading.Timer(START_SECONDS, self._kill)
            patience.start()
            try:
                said = self._said_until_it_listens()
            finally:
                patience.cancel()
            if said is None:
                self.reader.start()
                undo.pop_all()
                return self
        raise Broken(
            "the service",
            f"it did not start within {START_SECONDS} s; it said: {' '.join(said) or 'nothing'}",
            "Start it by hand: make run")

    def _said_until_it_listens(self):
        """None as soon as it listens; what it said, if it ended before that."""
        said = []
        for line in self.process.stderr:
            said.append(line.strip())
            if found := re.search(r"profiles at (http://127\.0\.0\.1:\d+)", line):
                self.debug = found[1]
            if found := re.search(r"^listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return None
        return said

    def __exit__(self, *_):
        self.stop()
        if self.reader.is_alive():
            self.reader.join()
        self.process.stderr.close()
        self.directory.cleanup()

    def stop(self):
        """SIGTERM to the service; its exit status. A tracer in front of it ends by itself."""
        if self.process.poll() is None:
            os.kill(self._service_pid(), signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self._kill()
                self.process.wait()
        return self.process.returncode

    def _kill(self):
        """The service and what runs it: a tracer that is killed alone leaves the service behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _service_pid(self):
        pid = self.process.pid
        if not self.traced:
            return pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        own = [
            int(child)
            for child in children
            if os.path.realpath(f"/proc/{child}/exe") == self.program
        ]
        return own[0] if own else pid

    def connect(self, timeout=ANSWER_SECONDS):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def answered(self):
        """Answers that the service has given, by its own count; needs `debug`."""
        with urllib.request.urlopen(f"{self.debug}/debug/vars", timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)["server"]["requests"]

    def lines_kept(self):
        """Request lines in the log; call it after stop()."""
        return sum(b" request " in line for line in self.log.read_bytes().splitlines())


def read_answer(sock):
    """One whole HTTP answer: (status line, body)."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer was complete")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)^content-length: *(\d+)", head, re.M)[1])
    while len(body) < length:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer was complete")
        body += piece
    return head.split(b"\r\n")[0].decode(), body


def ask(sock, times=1):
    for _ in range(times):
        sock.sendall(REQUEST)
        status, _ = read_answer(sock)
        if " 200 " not in status:
            raise ConnectionError(f"answer {status}")
