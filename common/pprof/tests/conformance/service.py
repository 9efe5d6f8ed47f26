"""The example service under load, for the conformance test: start, load, fetch, stop."""

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

WORDS = "+".join(f"word{i % 300}" for i in range(700))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """A copy of the example, so that the binary can be moved away while it runs."""

    def __init__(self, example, folder):
        self.binary = folder / "pprof_example"
        shutil.copy2(example, self.binary)
        self.port, self.debug_port = free_port(), free_port()
        environment = dict(os.environ, PPROF_HEAP_SAMPLE_BYTES="65536")
        self.log = open(folder / "service.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.binary, str(self.port), str(self.debug_port)], env=environment, stderr=self.log)
        self.stopping = threading.Event()
        self.requests = 0
        self.wait_until_ready()
        self.load = [threading.Thread(target=self.send_requests) for _ in range(4)]
        for thread in self.load:
            thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.debug_port}/debug/pprof/{path}"

    def wait_until_ready(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url("cmdline"), timeout=1).read()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.binary} did not answer on port {self.debug_port} in 10 s")

    def send_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.stopping.is_set():
            try:
                connection.request("GET", f"/count?text={WORDS}")
                connection.getresponse().read()
                self.requests += 1
            except (http.client.HTTPException, OSError):  # the server closes after some requests
                connection.close()
        connection.close()

    def fetch(self, path, to):
        with urllib.request.urlopen(self.url(path), timeout=60) as response:
            pathlib.Path(to).write_bytes(response.read())
        return to

    def stop(self):
        self.stopping.set()
        for thread in self.load:
            thread.join()
        self.process.terminate()
        self.process.wait()
        self.log.close()
