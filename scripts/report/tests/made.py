"""The fixture's data and the page made of it, once for a test program. Also: how to make a page of
a folder."""
import atexit
import copy
import functools
import shutil
import tempfile
import types
from pathlib import Path

from report import cli, inputs
from report.tests import fixture


@functools.cache
def folder():
    """A temporary folder with the fixture's compare/ and profiles/."""
    place = Path(tempfile.mkdtemp(prefix="leftpad-report."))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    fixture.write(place)
    return place


@functools.cache
def _data():
    return inputs.read(folder() / "compare", folder() / "profiles")


def data():
    """The fixture as the report reads it; a copy that a test may change."""
    return copy.deepcopy(_data())


def make(out, compare=None, profiles=None):
    """Writes a page as `make report` does."""
    cli.write(types.SimpleNamespace(
        old=None, new=None, compare=Path(compare or folder() / "compare"),
        profiles=Path(profiles or folder() / "profiles"), out=Path(out)), fixture.NOTICE)
    return out


def is_complete(compare, profiles):
    """Whether a page of these folders would have every picture."""
    data = inputs.read(compare, profiles)
    return bool(data.latency and data.pair("cpu") and data.pair("allocs"))


@functools.cache
def fixture_page():
    return make(folder() / "index.html")
