"""What must be installed for a command."""
import importlib.util
import shutil

from base.errors import Failure
from base.paths import PPROF, PYTHON, relative


def need(tool: str, package: str) -> None:
    """Raises Failure unless the program is on PATH."""
    if not shutil.which(tool):
        raise Failure(tool, f"this program is not installed (Debian package {package})",
                      "Run: make setup")


def need_module(module: str, package: str) -> None:
    """Raises Failure unless Debian's Python has the module."""
    if importlib.util.find_spec(module) is None:
        raise Failure(f"Python module {module}",
                      f"{PYTHON} does not have it (Debian package {package})", "Run: make setup")


def need_pprof(why: str) -> None:
    """Raises Failure unless `make setup` has built pprof; `why` says what it is needed for."""
    if not shutil.which(PPROF):
        raise Failure(relative(PPROF), why, "Run: make setup")
