"""The service of a stage and its load: one process, one ab run. Loopback only."""
import socket
import tempfile
import time
from pathlib import Path

from compare import ab, process
from compare.errors import Failure

READY_SECONDS = 10
POLL_SECONDS = 0.005
# The * is quoted for a shell by console.show; ab takes it as it is.
QUERY = "/v1/leftpad/?str=test&len=50&chr=*"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(path):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"


def _wait_until_ready(child, output, program):
    deadline = time.monotonic() + READY_SECONDS
    while "listening on http://" not in output.read_text(errors="replace"):
        if child.poll() is not None or time.monotonic() > deadline:
            raise Failure(program, f"not ready within {READY_SECONDS} s; it said: {_tail(output)}", "Run it by hand")
        time.sleep(POLL_SECONDS)


def ab_command(port, requests, clients, percentiles):
    return ["ab", "-k", "-c", str(clients), "-n", str(requests), "-e", str(percentiles),
            f"http://127.0.0.1:{port}{QUERY}"]


def service_command(program, port, debug_port, log):
    return [program, "--port", str(port), "--debug-addr", f"127.0.0.1:{debug_port}", "--log-file", str(log)]


def load(program, requests, clients, report):
    """Starts the program, loads it with ab, stops it; the figures of ab.parse. Raises Failure.

    ab's report goes to `report`, its percentiles beside it as .csv.
    """
    percentiles = report.with_suffix(".csv")
    with tempfile.TemporaryDirectory(prefix="leftpad.") as folder:
        output, port = Path(folder, "service.txt"), free_port()
        with output.open("wb") as sink:
            child = process.start(service_command(program, port, free_port(), Path(folder, "requests.log")), sink)
        try:
            _wait_until_ready(child, output, program)
            done = process.run(ab_command(port, requests, clients, percentiles))
        finally:
            status = process.end(child)
        report.write_text(done.stdout, encoding="utf-8")
        if done.status != 0:
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise Failure(f"ab on {program}", f"exit status {done.status}; it said: {last}", "Does the service run? Run: make test")
        if status != 0:
            raise Failure(program, f"exit status {status} after SIGTERM, 0 is expected; it said: {_tail(output)}", "Run: make test")
    return ab.parse(done.stdout, percentiles.read_text(encoding="utf-8"))
