"""Whose cost a sample is. Pure functions.

A sample belongs to the innermost frame of the stage's own code, so what leftpad() makes the
library do is leftpad's. Samples without such a frame are the server's. The source file names the
component.
"""
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


def _function_of_component(stack):
    owner = component(stack)
    return owner, _NOBODY if owner == SERVER else function(stack)


def _sums(capture, value, key_of):
    """{key: Amount} of the samples; value: the name of a sample type; key_of: stack -> key."""
    index = capture.profile.index_of(value)
    amount, sums = samples.reader(capture.profile, index), {}
    for values, stack in capture.profile.samples:
        if values[index]:
            key = key_of(stack)
            sums[key] = sums.get(key, Amount()) + amount(values)
    return sums


def by_component(capture: Capture, value: str) -> dict:
    """{component: Amount} of a sample type."""
    return _sums(capture, value, component)


def by_function(capture: Capture, value: str) -> dict:
    """{(component, function): Amount}; everything of the server is one function."""
    return _sums(capture, value, _function_of_component)


def by_place(capture: Capture, value: str) -> dict:
    """{innermost function of ours: Amount}, the server's included."""
    return _sums(capture, value, function)


def total(sums: dict, requests: float = 1) -> Amount:
    """The sum of the Amounts of {key: Amount}, to be divided by the requests."""
    return sum(sums.values(), Amount(requests=requests))
