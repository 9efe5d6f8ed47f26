"""Stages and what is built of them. A stage is a directory v[0-9]*-* with a CMakeLists.txt."""
import os
import sys
from pathlib import Path

from base.errors import Failure
from base.paths import BUILD, ROOT


def names() -> list:
    """The stages there are, sorted."""
    return sorted(file.parent.name for file in ROOT.glob("v[0-9]*-*/CMakeLists.txt"))


def _distance(one, other):
    """How many letters to put in, take out or change."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != wanted))
    return row[-1]


def nearest(name, known) -> str:
    """The one with the smallest edit distance, if it is near enough to be meant; else ""."""
    ranked = [(0.5 if name in each else _distance(name, each), each) for each in known]
    best, found = min(ranked, key=lambda pair: pair[0], default=(0, ""))
    return found if best <= len(found) / 2 else ""


def need(stage) -> str:
    """The stage. Raises Failure with the list of stages and the nearest one if there is none of
    that name."""
    known = names()
    if stage not in known:
        near = nearest(stage, known)
        raise Failure(f"stage '{stage}'", f"no such stage; there are: {', '.join(known)}",
                      (f"Did you mean {near}? " if near else "") +
                      "A new one: make stage NAME=v3-mine FROM=v1-naive")
    return stage


def program(kind, stage) -> Path:
    """build/bin/KIND-STAGE. Raises Failure if the stage is unknown or the program is not built."""
    return built(f"{kind}-{need(stage)}")


def built(name) -> Path:
    """build/bin/NAME. Raises Failure if it is not built."""
    path = BUILD / "bin" / name
    if not os.access(path, os.X_OK):
        raise Failure(f"build/bin/{name}", "this program is not built", "Run: make build")
    return path


if __name__ == "__main__":  # for lib.sh
    print(nearest(sys.argv[1], names()))
