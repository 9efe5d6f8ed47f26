"""A clean working state for a run: earlier results set aside, ports free, learners' stages kept.

Without it a dead command could pass on a file that an older run left behind.
"""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from base.errors import Failure

# What commands of the workshop write under build/, besides what the compiler and make setup do.
RESULTS = ("bench", "compare", "load", "profiles", "pictures", "report", "walkthrough",
           "*.pb.gz", "*.log", "*.data", "*.data.old", "*.so", "*.so.debug")


@contextmanager
def clean_state(root: Path, commands: list[str]) -> Iterator[Path]:
    """Gives the home folder for the commands. Puts everything back at the end; stages that they
    made are removed. Raises Failure if something has to be repaired before a run."""
    _demand(root, commands)
    build = root / "build"
    work = build / "docs-check"
    kept, after_kill, home = work / "kept", work / "after-kill", work / "home"
    for folder in (after_kill, home):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (kept, after_kill, home):
        folder.mkdir(parents=True, exist_ok=True)
    for result in _results(build):
        # What a killed run left in kept/ is the reader's own and stays; what came after it also
        # makes way.
        aside = after_kill if (kept / result.name).exists() else kept
        result.rename(aside / result.name)
    try:
        yield home
    finally:
        remove_stages(root, commands)
        for result in _results(build):
            shutil.rmtree(result) if result.is_dir() else result.unlink()
        for result in _results(kept):
            result.rename(build / result.name)


def remove_stages(root: Path, commands: list[str]) -> None:
    """Only what the commands make: the reader may be making stages in another terminal."""
    for stage in _stages_made(root, commands):
        if stage.is_dir():
            shutil.rmtree(stage)


def _stages_made(root: Path, commands: list[str]) -> list[Path]:
    """Of `make stage NAME=…`, `make lab N=…` and `make bug SEED=…`."""
    names = []
    for command in commands:
        if found := re.search(r"\bmake stage\b.*\bNAME=(\S+)", command):
            names.append(found[1])
        if found := re.search(r"\bmake lab\b.*\bN=(\d+)", command):
            names += [json.loads(file.read_text(encoding="utf-8"))["stage"]
                      for file in root.glob(f"docs/labs/{int(found[1]):02}/lab.json")]
        if found := re.search(r"\bmake bug\b.*\bSEED=(\d+)", command):
            names.append(f"v3-bug-{int(found[1])}")
    return [root / name for name in names]


def _results(folder: Path) -> list[Path]:
    return [found for pattern in RESULTS for found in folder.glob(pattern)]


def _demand(root: Path, commands: list[str]) -> None:
    if not (root / "build" / "bin").is_dir():
        raise Failure("build/bin", "the programs are not built", "Run: make build")
    for stage in _stages_made(root, commands):
        if stage.exists():
            raise Failure(stage.name, "the chapters make a stage of this name",
                          "Move yours away for the run")
    for port in sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", "\n".join(commands)))):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                raise Failure(f"port {port}", "the chapters need it and a program has it",
                              f"See: ss -ltnp 'sport = :{port}'")
