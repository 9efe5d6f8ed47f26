"""Child processes that never outlive this one: each runs in a session of its own and is ended by pid.

Used by gbench, service and cli. One thread only.
"""
import contextlib
import subprocess
from dataclasses import dataclass

from lib import signals

STOP_SECONDS = 5
_alive = []


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str


def _spawn(command, **options):
    with signals.held():
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                                 **options)
        _alive.append(child)
    return child


def start(command, output):
    """Starts a command with both outputs to an open file; the caller must end() it."""
    return _spawn(command, stdout=output, stderr=subprocess.STDOUT)


def run(command):
    """Runs a command to its end; a signal to this process ends the command first."""
    child = _spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                   errors="replace")
    stdout, stderr = child.communicate()
    _alive.remove(child)
    return Done(child.returncode, stdout, stderr)


def end(child):
    """SIGTERM, after STOP_SECONDS SIGKILL; returns the exit status."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child in _alive:
        _alive.remove(child)
    return child.returncode


@contextlib.contextmanager
def no_survivors():
    """Ends every child on the way out, on SIGINT, SIGTERM and SIGHUP too (exit status 128 + signal)."""
    signals.leave_on_signals()
    try:
        yield
    finally:
        for child in list(_alive):
            end(child)
