"""The example programs, for the tests of this library: start, load, fetch, stop."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import string
import subprocess
import tempfile
import threading
import time
import urllib.request

# As many as a request line of 8 KiB holds, so that counting them takes the time, not asking.
WORDS = "+".join(first + second for first in string.ascii_lowercase
                 for second in string.ascii_lowercase * 4)
START_SECONDS = 60
LISTENING = "0A"  # proc(5), /proc/pid/net/tcp


def address(_pid, said):
    """The first address that a program says, on a line of its own."""
    return next(iter(re.findall(r"^(http://\S+)\n", said, re.MULTILINE)), None)


def two_ports(pid, _said):
    """The TCP ports on which a process listens, in the order of opening, if they are two."""
    process, ports = pathlib.Path(f"/proc/{pid}"), {}
    with contextlib.suppress(OSError):  # it, or a file of it, was closed just now
        for line in (process / "net/tcp").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING:
                ports[f"socket:[{inode}]"] = int(local.split(":")[1], 16)
        files = sorted((process / "fd").iterdir(), key=lambda file: int(file.name))
        found = [ports[name] for file in files if (name := os.readlink(file)) in ports]
        return found if len(found) == 2 else None


@contextlib.contextmanager
def running(*command, found=address, **options):
    """What `found` finds by a program's pid and what it said, once that is something; the context
    ends it. Raises RuntimeError if it ends before, or within START_SECONDS nothing is found."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)
        said = lambda: os.pread(output.fileno(), 65536, 0).decode()
        deadline = time.monotonic() + START_SECONDS
        try:
            while not (result := found(process.pid, said())):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command}: status {process.poll()}, it said {said()!r}")
                time.sleep(0.02)
            yield result
        finally:
            process.kill()
            process.wait()


class Service:
    """A copy of the example, so that the binary can be moved away while it runs."""

    def __init__(self, example, folder):
        self.binary = folder / "pprof_example"
        shutil.copy2(example, self.binary)
        self.running = contextlib.ExitStack()
        self.debug_port, self.port = self.running.enter_context(running(
            self.binary, "0", "0", found=two_ports,
            env=dict(os.environ, PPROF_HEAP_SAMPLE_BYTES="65536")))
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
        self.running.close()
