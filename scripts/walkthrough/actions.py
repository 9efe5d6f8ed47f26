"""What a step does that no command of the workshop does by itself. Each gives an exit status."""
import os
import re
import subprocess

from base import children, console, stages
from base.paths import EXAMPLE_TARGET, PPROF, PROFILES, ROOT, relative
from base.service import Service
from walkthrough.finished import STATE
from walkthrough.steps import NEW, OLD

LINES, COLUMNS = 25, 150


def run(command: list) -> int:
    """Shows a command and runs it, its output on the terminal; 128 + signal if one ended it. A
    command of the workshop does not say what to type next, since the walkthrough does."""
    console.show(command)
    status = children.run(command, stdout=None, stderr=None, cwd=ROOT,
                          env={**os.environ, "WALKTHROUGH": "1"}).status
    return status if status >= 0 else 128 - status


def workshop(*words) -> int:
    """A command of scripts/workshop."""
    return run([ROOT / "scripts" / "workshop", *words])


def hello(stage: str) -> int:
    """Starts the service, asks it, lists its profiles, stops it."""
    service = Service(stages.program("leftpad", stage))
    console.show(service.command)
    curl = ["curl", "-sS", "--fail", "--max-time", "5"]
    with service:
        status = run([*curl, service.url + EXAMPLE_TARGET]) or run([
            *curl, "-o", "/dev/null", "-w", "Profiles: %{url_effective} answers %{http_code}\\n",
            f"{service.debug_url}/debug/pprof/"])
        if not status:
            service.must_stop()
    return status


def changes() -> int:
    """The difference of the stages; git gives 1 for one."""
    status = run(["git", "--no-pager", "diff", "--no-index", "--stat", OLD, NEW])
    return 0 if status == 1 else status


def pprof_view(name: str, *options) -> int:
    """A text view of the old CPU profile, without what has no sample; all of it goes to
    build/walkthrough/.

    Finding no sample is a fact about a short profile, not an error.
    """
    command = [PPROF, *options, PROFILES / OLD / "cpu.pb.gz"]
    console.show(command)
    done = children.run(command, stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    if done.status == 0:
        shown = [line[:COLUMNS] for line in lines if re.search(r"^ROUTINE|[0-9]m?s ", line)]
        print("\n".join(shown[:LINES]))
        print(f"(only lines that have samples; all of it: {relative(STATE / name)})", flush=True)
    else:
        print(done.stdout, end="", flush=True)
        if "no matches found" not in done.stdout:
            return done.status
        print("No sample fell into its own instructions, only into what it calls.", flush=True)
    (STATE / name).write_text(done.stdout, encoding="utf-8")
    return 0
