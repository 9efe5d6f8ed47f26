"""The service of a stage and its load: one process, one ab run. Loopback only."""
import re
import tempfile
import time
from pathlib import Path

from compare import ab, process
from lib.errors import Failure

READY_SECONDS = 10
POLL_SECONDS = 0.005
# The * is quoted for a shell by console.show; ab takes it as it is.
QUERY = "/v1/leftpad/?str=test&len=50&chr=*"


def _tail(path):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"


def _url_when_ready(child, output, program):
    """The address that the service says it listens on."""
    deadline = time.monotonic() + READY_SECONDS
    while not (found := re.search(r"listening on (http://\S+)",
                                  output.read_text(errors="replace"))):
        if child.poll() is not None or time.monotonic() > deadline:
            raise Failure(program, f"not ready within {READY_SECONDS} s; it said: {_tail(output)}",
                          "Run it by hand")
        time.sleep(POLL_SECONDS)
    return found.group(1)


def ab_command(url, requests, clients, percentiles):
    return [
        "ab", "-k", "-c",
        str(clients), "-n",
        str(requests), "-e",
        str(percentiles), url + QUERY
    ]


def service_command(program, port, log):
    """Port 0: any free one."""
    return [program, "--port", str(port), "--debug-addr", "off", "--log-file", str(log)]


def load(program, requests, clients, report):
    """Starts the program, loads it with ab, stops it; the figures of ab.parse. Raises Failure.

    ab's report goes to `report`, its percentiles beside it as .csv.
    """
    percentiles = report.with_suffix(".csv")
    with tempfile.TemporaryDirectory(prefix="leftpad.") as folder:
        output = Path(folder, "service.txt")
        with output.open("wb") as sink:
            child = process.start(service_command(program, 0, Path(folder, "requests.log")), sink)
        try:
            url = _url_when_ready(child, output, program)
            done = process.run(ab_command(url, requests, clients, percentiles))
        finally:
            status = process.end(child)
        report.write_text(done.stdout, encoding="utf-8")
        if done.status != 0:
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise Failure(f"ab on {program}", f"exit status {done.status}; it said: {last}",
                          "Does the service run? Run: make test")
        if status != 0:
            raise Failure(
                program,
                f"exit status {status} after SIGTERM, 0 is expected; it said: {_tail(output)}",
                "Run: make test")
    return ab.parse(done.stdout, percentiles.read_text(encoding="utf-8"))
