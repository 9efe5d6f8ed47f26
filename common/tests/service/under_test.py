"""The service under test, and its clients, for the tests of this folder and of ../server. SERVICES
names its program; several are separated by commas."""

import contextlib
import http.client
import os
import socket
import sys
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from base import children, service  # noqa: E402

# No other process has this address, so a port that is free on it stays so until a test takes it.
PID = os.getpid()
OWN_HOST = f"127.{64 + (PID >> 16)}.{PID >> 8 & 255}.{PID & 255}"
WAIT_SECONDS = 60  # for what must come; how soon is not what a test asks


def binaries():
    return os.environ["SERVICES"].split(",")


def binary():
    return binaries()[0]


class Service(service.Service):
    """One running service on free ports of 127.0.0.1. A context manager: leaving it stops it."""

    def __init__(self, *options, path=None, **how):
        super().__init__(path or binary(), *options, **how)

    @property
    def debug_port(self):
        return int(self.debug_url.rsplit(":", 1)[1])

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)

    def request(self, path, method="GET", headers=None, connection=None):
        """(status, headers, body as bytes) of one request."""
        own = connection is None
        connection = connection or self.connection()
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        answer = response.status, response.headers, response.read()
        if own:
            connection.close()
        return answer

    def raw(self, data, port=None):
        """Sends bytes, closes the sending side and returns everything that comes back."""
        with self.connect(port) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def log_lines(self):
        return self.log.read_text(encoding="utf-8").splitlines()


def free_ports(*kinds) -> list:
    """A port of OWN_HOST for each kind of socket."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket(socket.AF_INET, kind)) for kind in kinds]
        for sock in sockets:
            sock.bind((OWN_HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]


def eventually(condition):
    """Whether the condition holds within WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def leftpad_path(**params):
    return "/v1/leftpad/?" + urllib.parse.urlencode(params)


def main():
    with children.no_survivors():
        unittest.main(verbosity=2)
