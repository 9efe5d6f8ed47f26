"""Stops the threads of a service from outside, by ptrace(2), and lets one of them go on step by
step. So its instructions can be counted, a few requests only, without a tool in its process that a
program could recognize, or give orders to."""
import contextlib
import ctypes
import itertools
import os
import platform
import re
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from base.service import ANSWER_SECONDS, Broken
from labs import asking, running

# Of ptrace(2).
SEIZE, INTERRUPT, STEP, GO_ON, PEEK, PEEK_USER, POKE_USER = 0x4206, 0x4207, 9, 7, 2, 3, 6
RIP, RSP, BREAKPOINT, BREAKPOINTS_ON = 128, 152, 848, 904  # in struct user, sys/user.h of x86-64
ALL_THREADS = 0x40000000  # __WALL of waitpid(2)
LOOK_SECONDS = 0.01
ASKED = 50
# Instructions that callgrind does not count: of the server around a connection, of what the
# processor's own memcpy() does in another way.
MORE_PERCENT, MORE, TRIALS = 5, 2500, 2
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long


def ptrace(request: int, thread: int, value: int = 0, address: int = 0) -> int:
    """What was peeked at, if anything. Raises OSError."""
    ctypes.set_errno(0)
    found = _LIBC.ptrace(request, thread, address, value)
    if found == -1 and (number := ctypes.get_errno()):
        raise OSError(number, os.strerror(number), f"thread {thread}")
    return found


@contextlib.contextmanager
def alive() -> Iterator[None]:
    """What the kernel says of a thread that has ended is the stage's fault."""
    try:
        yield
    except (ProcessLookupError, ChildProcessError, FileNotFoundError) as error:
        raise Broken("the service", f"a thread of it ended ({error})",
                     "Does the stage end the program?") from None


def threads(pid: int) -> list[int]:
    """Of a process."""
    return list(map(int, os.listdir(f"/proc/{pid}/task")))


def seize(thread: int, options: int = 0) -> None:
    """Makes this process its tracer. Raises Unavailable where nobody may be one."""
    try:
        ptrace(SEIZE, thread, options)
    except ProcessLookupError:
        raise
    except OSError:
        raise running.Unavailable("the kernel lets nobody stop a thread here: in a container, "
                                  "start that with --cap-add=SYS_PTRACE") from None


def stop(thread: int) -> None:
    """Of one that is seized; waits until it stands still."""
    ptrace(INTERRUPT, thread)
    os.waitpid(thread, ALL_THREADS)


def _nanoseconds(pid, thread):
    text = Path(f"/proc/{pid}/task/{thread}/schedstat").read_text(encoding="ascii")
    return int(text.split()[0])


def serving(service: running.Service, sock: socket.socket) -> int:
    """The thread that serves a connection: of all, the one that works for it."""
    asking.ask(sock)
    before = {thread: _nanoseconds(service.pid, thread) for thread in threads(service.pid)}
    asking.ask(sock, ASKED - 1)
    return max(before, key=lambda thread: _nanoseconds(service.pid, thread) - before[thread])


def is_readable(sock: socket.socket) -> bool:
    """Whether an answer has begun."""
    return bool(select.select([sock], [], [], 0)[0])


def is_answered(sock: socket.socket, begin: float) -> bool:
    """The same. Raises TimeoutError if it hangs, since `begin`."""
    if time.monotonic() > begin + ANSWER_SECONDS:
        raise TimeoutError("the service hangs")
    return is_readable(sock)


def _clock_code(thread):
    """The addresses of the kernel's code that reads the clock, where it is left at once."""
    found = re.search(r"^(\w+)-(\w+) .*\[vdso\]$", Path(f"/proc/{thread}/maps").read_text(), re.M)
    if not found or platform.machine() != "x86_64":
        return range(0)
    return range(int(found[1], 16), int(found[2], 16))


def _stops(thread, sock):
    """Whether it does, or its client has an answer and it waits for another request."""
    begin = time.monotonic()
    while not os.waitpid(thread, ALL_THREADS | os.WNOHANG)[0]:
        if not signal.sigtimedwait({signal.SIGCHLD}, LOOK_SECONDS) and is_answered(sock, begin):
            return False
    return True


def _is_at(thread, code):
    return bool(code) and ptrace(PEEK_USER, thread, address=RIP) in code


def _leaves_clock_code(thread, sock):
    """To where its function was called from: it begins again whenever the clock ticks meanwhile,
    and step by step that may be each time."""
    caller = ptrace(PEEK, thread, address=ptrace(PEEK_USER, thread, address=RSP))
    ptrace(POKE_USER, thread, caller, BREAKPOINT)
    ptrace(POKE_USER, thread, 1, BREAKPOINTS_ON)
    ptrace(GO_ON, thread)
    if not _stops(thread, sock):
        return False
    ptrace(POKE_USER, thread, 0, BREAKPOINTS_ON)
    return True


def steps(thread: int, sock: socket.socket) -> Iterator[bool]:
    """True for each instruction of a thread that stands still, False when its client has an answer
    and it waits for another request. On x86-64 a look at the clock is one."""
    clock_code, goes_on = _clock_code(thread), True
    reads = _is_at(thread, clock_code)
    while goes_on:
        ptrace(STEP, thread)
        goes_on = _stops(thread, sock)
        before, reads = reads, goes_on and _is_at(thread, clock_code)
        if reads and not before:  # it has just been called
            goes_on, reads = _leaves_clock_code(thread, sock), False
        yield goes_on


@contextlib.contextmanager
def standing(service: running.Service, thread: int) -> Iterator[None]:
    """The thread stands still. Afterwards the service is killed: a step that is under way could end
    it anyway, by SIGTRAP."""
    seize(thread)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # steps() waits for it
    try:
        stop(thread)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.kill(service.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.WIFSTOPPED(os.waitpid(thread, ALL_THREADS)[1]):
                pass


def _taken(program, most, request):
    """Instructions of one request where nothing counts them; no more than `most` and one."""
    with alive(), running.Service(program, before=running.QUIET) as service, \
            service.connect() as sock:
        thread = serving(service, sock)
        asking.ask(sock, ASKED, **request)
        with standing(service, thread):
            _, right = asking.send(sock, **request)
            taken = sum(itertools.islice(itertools.takewhile(bool, steps(thread, sock)), most + 1))
            if taken <= most:
                asking.receive(sock, right)
            return taken


def must_run_as_counted(program: Path, counted: float, **request) -> None:
    """A service that knows when callgrind counts it does less then. Raises NoAnswer if a request
    takes other instructions than were counted; Unavailable where no thread can be stopped."""
    most = int(counted * (1 + MORE_PERCENT / 100) + MORE)
    with asking.aside():
        if not any(counted / 2 < _taken(program, most, request) <= most for _ in range(TRIALS)):
            raise asking.NoAnswer("callgrind", "a request takes other instructions when they are "
                                  "not counted", "Does the stage look who watches it?")
