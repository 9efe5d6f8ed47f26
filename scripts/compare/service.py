"""The service of a stage and its load: one process, one ab run. Loopback only."""
from base import ab, children
from base.errors import Failure
from base.paths import EXAMPLE_TARGET
from base.service import Service


def ab_command(url, requests, clients, percentiles):
    return ab.command(url + EXAMPLE_TARGET, clients, requests=requests, percentiles=percentiles)


def service_command(program, port, log):
    return [program, "--port", str(port), "--debug-addr", "off", "--log-file", str(log)]


def load(program, requests, clients, report):
    """Starts the program, loads it with ab, stops it; the figures of ab.parse. Raises Failure.

    ab's report goes to `report`, its percentiles beside it as .csv.
    """
    percentiles = report.with_suffix(".csv")
    with Service(program, debug="off") as service:
        done = children.run(ab_command(service.url, requests, clients, percentiles))
        report.write_text(done.stdout, encoding="utf-8")
        if done.status != 0:
            raise Failure(f"ab on {program}",
                          f"exit status {done.status}; it said: {ab.last_words(done.stderr)}",
                          "Does the service run? Run: make test")
        service.must_stop()
    return ab.parse(done.stdout, percentiles.read_text(encoding="utf-8"))
