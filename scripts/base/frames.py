"""Whose code a frame of a stack is, by its source file: the one rule of flame graphs, reports and
pprof's -show. Pure.

A stage's files lie right in v[0-9]*-*/, the rest of the application in common/, which has the
profiler in common/pprof/.
"""
import re

STAGE_FOLDER = r"/v[0-9][^/]*-[^/]*/"  # also for pprof's -show
_STAGE = re.compile(STAGE_FOLDER + r"([^/]+)$")
_COMPONENT = re.compile(STAGE_FOLDER + r"([^/]+)\.(?:cpp|h)$")
_APPLICATION = re.compile(r"/common/")
_PROFILER = re.compile(r"/common/pprof/")


def kind_of(file: str) -> str:
    """s the stage's own code, a the rest of the application, l a library."""
    return "s" if _STAGE.search(file) else "a" if _APPLICATION.search(file) else "l"


def component(file: str) -> str | None:
    """The name of a stage's file without its ending, such as logger; None for other code."""
    found = _COMPONENT.search(file)
    return found and found[1]


def ours(file: str) -> bool:
    """The stage or the rest of the application, but not the profiler in it."""
    return kind_of(file) != "l" and not _PROFILER.search(file)
