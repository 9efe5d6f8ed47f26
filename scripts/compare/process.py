"""Child processes that never outlive this one: each runs in a session of its own and is ended by pid.

Used by gbench, service and cli. One thread only.
"""
import contextlib
import signal
import subprocess
from dataclasses import dataclass

STOP_SECONDS = 5
_alive = []
_starting = False  # a signal that comes now waits until the child is in _alive
_signal = 0  # the one that waits


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str


def _spawn(command, **options):
    global _starting
    _starting = True
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
        _alive.append(child)
    finally:
        _starting = False
    if _signal:
        raise SystemExit(128 + _signal)
    return child


def start(command, output):
    """Starts a command with both outputs to an open file; the caller must end() it."""
    return _spawn(command, stdout=output, stderr=subprocess.STDOUT)


def run(command):
    """Runs a command to its end; a signal to this process ends the command first."""
    child = _spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    stdout, stderr = child.communicate()
    _alive.remove(child)
    return Done(child.returncode, stdout, stderr)


def end(child):
    """SIGTERM, after STOP_SECONDS SIGKILL; returns the exit status."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
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

    def leave(number, _frame):
        global _signal
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        _signal = number
        if not _starting:
            raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        yield
    finally:
        for child in list(_alive):
            end(child)
