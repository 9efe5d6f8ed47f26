"""`make elsewhere`: the workshop on systems that this machine is not."""
import getpass
import os
import time
from collections.abc import Sequence

from base import console
from base.commandline import Options, Parser
from base.errors import Failure, UsageError
from elsewhere import arm64, container
from elsewhere.debian import DEBIAN12, DEBIAN13
from elsewhere.system import Step

SYSTEMS = {"debian12": DEBIAN12.steps, "debian13": DEBIAN13.steps,
           "debian13-docs": DEBIAN13.docs_steps, "arm64": arm64.steps, "container": container.steps}


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Runs the last commit of this tree on a bare Debian 12 and 13, on arm64 by emulation, and
        in the container, and prints a table of what ran. Needs root, some 20 GB in
        build/elsewhere/, where it keeps systems and packages for the next time, and two hours.""",
        "sudo make elsewhere", "sudo scripts/workshop elsewhere debian13")
    parser.add_argument("systems", metavar="SYSTEM", nargs="*",
                        help=f"{', '.join(SYSTEMS)} (default: all)")


def attempt(name: str, steps: Sequence[Step]) -> list[tuple]:
    """[(system, what ran, result, seconds)] up to the first step that fails, which the later ones
    need."""
    rows = []
    for step in steps:
        console.step(f"{name}: {step.what}")
        start, failed = time.monotonic(), None
        try:
            result = step.action()
        except (Failure, OSError) as failure:
            what = failure.parts[0] if isinstance(failure, Failure) else failure
            failed, result = failure, f"FAILED: {what}"
            console.error(failure)
        rows.append((name, step.what, result, time.monotonic() - start))
        if failed:
            break
    return rows


def table(rows: list[tuple]) -> str:
    """The rows with their columns aligned."""
    return "\n".join(console.columns([("system", "what ran", "result", "time"),
                                      *((*row[:3], f"{row[3]:.0f} s") for row in rows)]))


def run(options: Options) -> int:
    """0 if all ran to its end."""
    if os.geteuid() != 0:
        raise Failure(f"user {getpass.getuser()}", "systems are made and entered as root only",
                      "Run: sudo make elsewhere")
    for name in set(options.systems) - set(SYSTEMS):
        raise UsageError(name, f"the systems are {', '.join(SYSTEMS)}", options.prog)
    rows = []
    for name in options.systems or SYSTEMS:
        rows += attempt(name, SYSTEMS[name]())
    print(table(rows))
    return 1 if any(result.startswith("FAILED") for _, _, result, _ in rows) else 0
