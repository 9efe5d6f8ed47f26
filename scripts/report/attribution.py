"""Whose cost a sample is. Pure functions.

A sample belongs to the innermost frame of the stage's own code, so what leftpad() makes the
library do is leftpad's. Samples without such a frame are the server's. The source file names the
component.
"""
from collections.abc import Callable

from base import frames
from base.raw import Frame
from flame import samples
from flame.samples import Amount
from flame.tree import LABELS, SERVER
from report.inputs import Capture

# What the article finds; findings.py asserts it.
CULPRITS = ("leftpad", "statsd", "logger")
_NOBODY = "HTTP server and library"


def label(component: str) -> str:
    """A component as people read it."""
    return LABELS.get(component, component)


def component(stack: list[Frame]) -> str:
    """The component of a sample; frames from the root to the leaf."""
    return next(filter(None, (frames.component(frame.file) for frame in reversed(stack))), SERVER)


def function(stack: list[Frame]) -> str:
    """The workshop's own function that the sample is charged to: the innermost one."""
    return next((frame.name.removeprefix("service::") for frame in reversed(stack)
                 if frames.ours(frame.file)), _NOBODY)


def owner_and_function(stack: list[Frame]) -> tuple[str, str]:
    """Both; everything of the server is one function."""
    owner = component(stack)
    return owner, _NOBODY if owner == SERVER else function(stack)


def sums(capture: Capture, value: str, key_of: Callable = component) -> dict:
    """{key: Amount} of the samples; value: the name of a sample type; key_of: stack -> key."""
    index = capture.profile.index_of(value)
    amount, found = samples.reader(capture.profile, index), {}
    for values, stack in capture.profile.samples:
        if values[index]:
            key = key_of(stack)
            found[key] = found.get(key, Amount()) + amount(values)
    return found


def total(amounts: dict, requests: float = 1) -> Amount:
    """The sum of the Amounts of {key: Amount}, to be divided by the requests."""
    return sum(amounts.values(), Amount(requests=requests))
