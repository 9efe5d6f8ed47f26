"""What a learner has done in this clone: predictions, measured answers, hints seen, labs passed;
views that showed bugs.

One JSON file for each lab or bug in .progress/, written as a whole, so that an interrupted run
loses nothing.
"""
import json
import os
from pathlib import Path

from base.errors import Failure
from labs import paths

# What a file that is missing, damaged or forged raises where it is read and taken apart.
UNUSABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
            RecursionError)


def _file(what):
    name = f"lab{what:02}" if isinstance(what, int) else what
    return paths.PROGRESS / f"{name}.json"


def load(what: int | str) -> dict:
    """The state of a lab, or of a bug (bug-SEED). Raises Failure if the file is damaged."""
    file = _file(what)
    if not file.exists():
        return {}
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        state = None
    if not isinstance(state, dict):
        raise Failure(paths.relative(file), "it is not what the labs wrote into it",
                      f"Remove it, and its guess with it: rm {paths.relative(file)}")
    return state


def save(what: int | str, **changes) -> dict:
    """Adds the changes to the state of a lab or bug, and gives it."""
    state = {**load(what), **changes}
    write(_file(what), dict(sorted(state.items())))
    return state


def write(file: Path, told: dict) -> None:
    """Writes JSON: the file is complete or absent."""
    write_text(file, json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Writes a text: the file is complete, or what it was. Raises OSError that names it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(fresh, file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
    finally:
        fresh.unlink(missing_ok=True)
