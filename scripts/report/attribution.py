"""Whose cost a sample is. Pure functions.

A sample belongs to the innermost frame of the stage's own code, so what leftpad() makes the library do is
leftpad's. Samples without such a frame are the server's. The source file names the component.
"""
import re

_STAGE_FILE = re.compile(r"/v\d[^/]*-[^/]*/([^/]+)\.(?:cpp|h)$")
_OURS = re.compile(r"/v\d[^/]*-[^/]*/[^/]+$|/common/(?!pprof/)")
SERVER = "server"
LABELS = {
    "leftpad": "leftpad",
    "statsd": "StatsD",
    "logger": "logger",
    "handlers": "handlers: parsing, JSON",
    SERVER: "HTTP server and kernel",
}
# What the article finds; findings.py asserts it.
CULPRITS = ("leftpad", "statsd", "logger")


def component(frames):
    """The component of a sample; frames from the root to the leaf."""
    for frame in reversed(frames):
        found = _STAGE_FILE.search(frame.file)
        if found:
            return found[1]
    return SERVER


def function(frames):
    """The function of the workshop's own code that the sample is charged to: the innermost one."""
    for frame in reversed(frames):
        if _OURS.search(frame.file):
            return frame.name
    return "HTTP server and library"


def by_component(capture, value):
    """{component: sum of the value}. value: the name of a sample type."""
    index = capture.profile.index_of(value)
    totals = {}
    for values, frames in capture.profile.samples:
        name = component(frames)
        totals[name] = totals.get(name, 0) + values[index]
    return totals


def by_function(capture, value):
    """{(component, function): sum}; everything of the server is one function."""
    index = capture.profile.index_of(value)
    totals = {}
    for values, frames in capture.profile.samples:
        owner = component(frames)
        key = (owner, "HTTP server and library" if owner == SERVER else function(frames))
        totals[key] = totals.get(key, 0) + values[index]
    return totals


def components_of_functions(captures):
    """{function name: component} of the stage's functions, for colours in flame graphs."""
    names = {}
    for capture in captures:
        for _, frames in capture.profile.samples:
            for frame in frames:
                found = _STAGE_FILE.search(frame.file)
                if found:
                    names[frame.name] = found[1]
    return names
