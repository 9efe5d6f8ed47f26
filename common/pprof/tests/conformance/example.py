"""The example service under load, for the tests of this library: start, load, fetch, stop."""

import http.client
import os
import pathlib
import shutil
import subprocess
import threading
import time
import urllib.request

WORDS = "+".join(f"word{i % 300}" for i in range(700))
START_SECONDS = 60
LISTENING = "0A"  # proc(5), /proc/pid/net/tcp


def listening_ports(pid):
    """The TCP ports on which a process listens, in the order in which it opened them."""
    ports = {}
    for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if state == LISTENING:
            ports[f"socket:[{inode}]"] = int(local.split(":")[1], 16)
    descriptors = sorted(pathlib.Path(f"/proc/{pid}/fd").iterdir(), key=lambda file: int(file.name))
    return [ports[name] for file in descriptors if (name := os.readlink(file)) in ports]


def start(example, **options):
    """(process, port, debug port) of an example that has taken free ports, and listens."""
    process = subprocess.Popen([example, "0", "0"], **options)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if len(ports := listening_ports(process.pid)) == 2:
            return process, ports[1], ports[0]
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"{example} does not listen on two ports: status {process.wait()}")


class Service:
    """A copy of the example, so that the binary can be moved away while it runs."""

    def __init__(self, example, folder):
        self.binary = folder / "pprof_example"
        shutil.copy2(example, self.binary)
        self.log = open(folder / "service.log", "w", encoding="utf-8")
        self.process, self.port, self.debug_port = start(
            self.binary, env=dict(os.environ, PPROF_HEAP_SAMPLE_BYTES="65536"), stderr=self.log)
        self.stopping = threading.Event()
        self.requests = 0
        self.load = [threading.Thread(target=self.send_requests) for _ in range(4)]
        for thread in self.load:
            thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.debug_port}/debug/pprof/{path}"

    def send_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        while not self.stopping.is_set():
            try:
                connection.request("GET", f"/count?text={WORDS}")
                connection.getresponse().read()
                self.requests += 1
            except (http.client.HTTPException, OSError):  # the server closes after some requests
                connection.close()
        connection.close()

    def fetch(self, path, to):
        with urllib.request.urlopen(self.url(path), timeout=START_SECONDS) as response:
            pathlib.Path(to).write_bytes(response.read())
        return to

    def stop(self):
        self.stopping.set()
        for thread in self.load:
            thread.join()
        self.process.terminate()
        self.process.wait()
        self.log.close()
