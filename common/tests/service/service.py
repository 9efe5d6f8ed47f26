"""Starts and stops the service for the tests of this folder. Standard library only."""

import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

START_SECONDS = 10
STOP_SECONDS = 10


def binaries():
    """The services under test: SERVICES names them, separated by commas."""
    return os.environ["SERVICES"].split(",")


def binary():
    return binaries()[0]


class Service:
    """One running service on free ports of 127.0.0.1. A context manager: leaving it stops it."""

    def __init__(self, *options, path=None):
        self.directory = tempfile.TemporaryDirectory()
        self.log_path = os.path.join(self.directory.name, "leftpad.log")
        command = [path or binary(), "--port=0", "--debug-addr=127.0.0.1:0",
                   f"--log-file={self.log_path}", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = self.debug_port = None
        for line in self.process.stderr:
            match = re.search(r"^(profiles at|listening on) http://127\.0\.0\.1:(\d+)", line)
            if match and match[1] == "listening on":
                self.port = int(match[2])
                break
            if match:
                self.debug_port = int(match[2])
        if self.port is None:
            raise RuntimeError(f"{command} did not start, exit code {self.process.wait()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.directory.cleanup()

    def stop(self, with_signal=signal.SIGTERM):
        """Ends the service and returns its exit code. Safe to call twice."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self.process.stderr.close()
        return self.process.returncode

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

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

    def raw(self, data):
        """Sends bytes, closes the sending side and returns everything that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def log_lines(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read().splitlines()


def leftpad_path(**params):
    return "/v1/leftpad/?" + urllib.parse.urlencode(params)


def main():
    unittest.main(verbosity=2)
