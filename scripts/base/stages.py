"""Stages and what is built of them. A stage is a directory v[0-9]*-* with a CMakeLists.txt."""
import difflib
import os
from pathlib import Path

from base.errors import Failure
from base.paths import BUILD, ROOT


def names() -> list:
    """The stages there are, sorted."""
    return sorted(file.parent.name for file in ROOT.glob("v[0-9]*-*/CMakeLists.txt"))


def need(stage: str) -> str:
    """The stage. Raises Failure with the list of stages and the nearest one if there is none of
    that name."""
    known = names()
    if stage not in known:
        near = "".join(difflib.get_close_matches(stage, known, 1))
        raise Failure(f"stage '{stage}'", f"no such stage; there are: {', '.join(known)}",
                      (f"Did you mean {near}? " if near else "") +
                      "A new one: make stage NAME=v3-mine FROM=v1-naive")
    return stage


def program(kind: str, stage: str) -> Path:
    """build/bin/KIND-STAGE. Raises Failure if the stage is unknown or the program is not built."""
    return built(f"{kind}-{need(stage)}")


def built(name: str) -> Path:
    """build/bin/NAME. Raises Failure if it is not built."""
    path = BUILD / "bin" / name
    if not os.access(path, os.X_OK):
        raise Failure(f"build/bin/{name}", "this program is not built", "Run: make build")
    return path
