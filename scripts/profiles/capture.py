"""Captures one profile of a service under load, through HTTP. Used by the commands that profile,
and by the labs."""
import contextlib
import os
import time
from pathlib import Path
from collections.abc import Iterator

from base import ab, children, console, stages, tools
from base.errors import Failure
from base.paths import EXAMPLE_TARGET
from base.service import Service
from base.signals import temporary_folder
from profiles import record
from profiles.kinds import Kind

LOAD_EXTRA_SECONDS = 60  # that ab gets beyond the capture; SIGINT ends it early


def load(service: Service, seconds: float, clients: int, agent: str | None = None,
         shown: bool = True) -> contextlib.AbstractContextManager[list]:
    """The service under ab meanwhile; gives the list of ab.in_background. seconds: how long it
    takes at most."""
    command = ab.command(service.url + EXAMPLE_TARGET, clients,
                         seconds=seconds + LOAD_EXTRA_SECONDS, quiet=True, agent=agent)
    return ab.in_background(
        command, lambda: f"It may have ended early: {service.last_words()}", shown)


def fetch(url: str, file: Path, seconds: float = 0) -> None:
    """Downloads one profile with curl, which takes that many seconds by itself. Raises Failure
    with the service's words."""
    command = ["curl", "-sS", "--fail-with-body", "--max-time", str(seconds + 30), "-o", file, url]
    console.show(command)
    done = children.run(command)
    if done.status:
        answer = file.read_text(encoding="utf-8", errors="replace")[:500] if file.exists() else ""
        said = " ".join((answer or done.stderr).split())
        raise Failure(said or f"curl exit status {done.status}", f"{url} gave no profile",
                      "See https://curl.se/docs/manpage.html for the status, or open the URL")


def needs() -> None:
    """Raises Failure unless what captures is installed."""
    tools.need("ab", "apache2-utils")
    tools.need("curl", "curl")


@contextlib.contextmanager
def captured(kind: Kind, stage: str, seconds: float, clients: int,
             options: tuple) -> Iterator[tuple]:
    """(a new profile of the stage's service under load, the record about it without what the
    profile tells, the request log). The files go with the context."""
    program, environment = stages.program("leftpad", stage), dict(os.environ)
    if kind.heap_step:
        step = environment.setdefault("PPROF_HEAP_SAMPLE_BYTES", str(kind.heap_step))
        print(f"$ export PPROF_HEAP_SAMPLE_BYTES={step}")
    console.step(f"Capturing {kind.name} of {stage} ({kind.what}): {seconds} s under load")
    service = Service(program, *options, env=environment)
    console.show(service.command)
    with temporary_folder(prefix="leftpad.") as folder, service:
        file = Path(folder, f"{kind.name}.{'json' if kind.name == 'trace' else 'pb.gz'}")
        with load(service, seconds, clients) as figures:
            url = f"{service.debug_url}/debug/pprof/{kind.endpoint or kind.name}"
            if kind.timed:
                fetch(f"{url}?seconds={seconds}", file, seconds)
            else:
                print(f"Waiting {seconds} s, so that the load is in full swing")
                console.show(["sleep", seconds])
                time.sleep(seconds)
                fetch(url, file)
        rate = figures[0]["requests_per_second"]
        print(f"Load: {rate:.0f} requests/s, none failed\n", flush=True)
        service.must_stop()
        about = record.about(stage=stage, kind=kind.name, seconds=float(seconds),
                             requests_per_second=rate)
        yield file, about, service.log
