"""Child processes that never outlive this one, each with its own children in a session of its own.

Signals end them first (no_survivors). What cannot be caught, such as SIGKILL, a guard answers: a
shell that each child tells its pid before it becomes its program, and that kills them once this
process is gone. Thread-safe.
"""
import atexit
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from collections.abc import Iterator
from typing import IO

from base import signals
from base.errors import Failure
from base.paths import relative

STOP_SECONDS = 20  # between SIGTERM and SIGKILL
_GUARD = """declare -A alive
while read -r sign pid; do
  if [[ $sign == + ]]; then alive[$pid]=; else unset "alive[$pid]"; fi
done
for pid in "${!alive[@]}"; do kill -KILL -- "-$pid"; done 2>/dev/null"""
_alive = []
_lock = threading.RLock()  # a signal may end whoever holds it
_guard = None  # (its process, the pipe it reads)


@dataclass
class Done:
    """A command that has ended. status: negative for a signal."""

    status: int
    stdout: str
    stderr: str


def _pipe_to_guard():
    global _guard
    with _lock:
        if _guard is None:
            ours, theirs = os.pipe()[::-1]
            process = subprocess.Popen(["bash", "-pc", _GUARD], stdin=theirs,
                                       start_new_session=True, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            os.close(theirs)
            _guard = process, ours
            atexit.register(_dismiss_guard)
        return _guard[1]


def _dismiss_guard():
    """What runs still is killed, and the guard is gone before this process is."""
    process, pipe = _guard
    os.close(pipe)
    process.wait()


def start(command: list, output: IO | None = None, **options) -> subprocess.Popen:
    """Starts a command, both outputs to an open file unless options of Popen say else; the caller
    must end() it.

    Raises FileNotFoundError if there is no such program.
    """
    command = [str(word) for word in command]
    if not shutil.which(command[0]):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
    if output is not None:
        options = {"stdout": output, "stderr": subprocess.STDOUT, **options}
    with signals.held():
        pipe = _pipe_to_guard()
        register = f'echo "+ $$" >&{pipe}; exec "$@" {pipe}>&-'
        child = subprocess.Popen(["bash", "-pc", register, "bash", *command], pass_fds=(pipe,),
                                 start_new_session=True,
                                 **{"stdin": subprocess.DEVNULL, **options})
        child.args = command
        _alive.append(child)
    return child


def run(command: list, seconds: float | None = None, input: str | None = None, **options) -> Done:
    """Runs a command to its end; a signal to this process ends the command first. Outputs that go
    nowhere are ""; input is the text of its standard input.

    Raises subprocess.TimeoutExpired, the command killed, if it takes longer than that many seconds.
    """
    child = start(
        command, **{
            "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace",
            **({"stdin": subprocess.PIPE} if input else {}), **options
        })
    try:
        stdout, stderr = child.communicate(input, timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(child)
        child.communicate()
        raise
    except BaseException:
        end(child)
        raise
    finally:
        if child.returncode is not None:
            _ended(child)
    return Done(child.returncode, stdout or "", stderr or "")


def must(command: list, remedy: str, **options) -> Done:
    """Runs a command as run() does. Raises Failure, with what it said and the remedy, unless its
    exit status is 0."""
    done = run(command, **options)
    if done.status:
        raise Failure(relative(command[0]), f"{how_it_ended(done.status)}; it said: "
                      f"{last_words(done.stderr)}", remedy)
    return done


def last_words(text: str) -> str:
    """The last line of what a program said, for the message about it."""
    return (text.strip().splitlines() or ["nothing"])[-1]


def how_it_ended(status: int) -> str:
    """An exit status in words: "exit status 1", "killed by SIGSEGV"."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, all its threads, ended ones too: clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def kill(child: subprocess.Popen, number: int = signal.SIGKILL) -> None:
    """The signal to the child and to what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def end(child: subprocess.Popen, number: int = signal.SIGTERM) -> int:
    """The signal, after STOP_SECONDS SIGKILL; what it started gets SIGKILL once it has ended. The
    exit status."""
    if child.poll() is None:
        child.send_signal(number)
    return wait(child)


def wait(child: subprocess.Popen) -> int:
    """The exit status of a child that ends within STOP_SECONDS, by SIGKILL otherwise, as what it
    has left behind."""
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        kill(child)
        child.wait()
    if child in _alive:  # later its number may be another's
        kill(child)
    _ended(child)
    return child.returncode


def _ended(child):
    with _lock:
        if child in _alive:
            _alive.remove(child)
            os.write(_guard[1], f"- {child.pid}\n".encode())


@contextlib.contextmanager
def no_survivors() -> Iterator[None]:
    """Ends every child on the way out, on SIGINT, SIGTERM and SIGHUP too (exit status 128 +
    signal)."""
    signals.leave_on_signals()
    try:
        yield
    finally:
        for child in list(_alive):
            end(child)
