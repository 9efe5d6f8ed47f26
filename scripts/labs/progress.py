"""What a learner has done in this clone: predictions, measured answers, hints seen, labs passed.

One JSON file for each lab in .progress/, written as a whole, so that an interrupted run loses
nothing.
"""
import json
import os

from base.errors import Failure
from labs import paths


def _file(number):
    return paths.PROGRESS / f"lab{number:02}.json"


def load(number: int) -> dict:
    """The state of a lab. Raises Failure if the file is damaged."""
    file = _file(number)
    if not file.exists():
        return {}
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        state = None
    if not isinstance(state, dict):
        raise Failure(paths.relative(file), "it is not what the labs wrote into it",
                      f"Remove it, and its guess with it: rm {paths.relative(file)}")
    return state


def save(number: int, **changes) -> dict:
    """Adds the changes to the state of a lab, and gives it."""
    state = {**load(number), **changes}
    paths.PROGRESS.mkdir(parents=True, exist_ok=True)
    fresh = _file(number).with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(state, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(fresh, _file(number))
    return state
