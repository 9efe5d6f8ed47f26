"""What other clients wait for while a thread of the service stands still (lab 9).

ptrace(2) stops single threads from outside, wherever they are, and another client asks. So a lock
is seen by its effect, of whatever kind it is: mutex, spin lock or queue.
"""
import contextlib
import os
import platform
import signal
import time
from collections.abc import Callable
from pathlib import Path

from base.service import Broken
from labs import asking, running, tracing

SYSCALL, DETACH = 24, 17  # of ptrace(2)
WITH_NEW_THREADS, MARK_CALLS = 8, 1  # its options
AT_A_CALL = signal.SIGTRAP | 0x80
# splice(2) and copy_file_range(2), which name the file that they write to third.
THIRD = {"x86_64": ("275", "326"), "aarch64": ("76", "285")}.get(platform.machine(), ())
AGENT = 2000  # characters: to format its line takes a good part of a request
EVERY, MOST = 499, 1_000_000  # instructions; such a request has 80,000
REQUESTS = 1000
WAITING_SECONDS = 1  # a client that has no answer then waits for what stands still
LOOK_SECONDS, LOOKS = 0.002, 5


def _waits(service, thread, sock, go_on=lambda: None):
    """Whether a client that has asked gets no answer: its thread sleeps, or a second is over."""
    deadline, asleep = time.monotonic() + WAITING_SECONDS, 0
    while not tracing.is_readable(sock):
        go_on()
        state = Path(f"/proc/{service.pid}/task/{thread}/stat").read_text(encoding="ascii")
        asleep = asleep + 1 if state.rpartition(")")[2].split()[0] == "S" else 0
        if asleep == LOOKS or time.monotonic() > deadline:
            return not tracing.is_readable(sock)
        time.sleep(LOOK_SECONDS)
    return False


def _share_of_waiting(thread, other_thread, service, sock, other):
    """Of the instructions of a request of the first client, how many the other one waits."""
    _, right = asking.send(sock, agent=AGENT)
    done = waited = 0
    others = None
    for done, goes_on in enumerate(tracing.steps(thread, sock), 1):
        if not goes_on:
            break
        if done % EVERY:
            continue
        if tracing.is_readable(sock) or done > MOST:
            break
        if others is None:
            _, others = asking.send(other)
            if _waits(service, other_thread, other):
                waited += 1
                continue
        elif not tracing.is_readable(other):
            waited += 1
            continue
        asking.receive(other, others)
        others = None
    asking.receive(sock, right)
    if done < EVERY:
        raise Broken("the service", "the thread that serves a client does nothing for it",
                     "Does another one do it?")
    return waited * EVERY / done


def at_any_moment(programs: Callable[[str], Path]) -> dict:
    """For how many of a hundred instructions of a request no other client is answered. Raises
    Unavailable where no thread can be stopped."""
    with tracing.alive(), running.Service(programs("leftpad")) as service, \
            service.connect() as sock, service.connect() as other:
        thread, other_thread = tracing.serving(service, sock), tracing.serving(service, other)
        asking.ask(sock, 20, agent=AGENT)
        with tracing.standing(service, thread):
            share = _share_of_waiting(thread, other_thread, service, sock, other)
        return {"others_wait_percent": round(100 * share)}


class _Held:
    """All threads of a service, each stopped at its calls; the first that is about to write to the
    log stays there."""

    def __init__(self, service):
        self.service, self.held, self.threads = service, None, set()
        file = os.stat(service.log)
        self.log = file.st_dev, file.st_ino
        for thread in tracing.threads(service.pid):
            tracing.seize(thread, WITH_NEW_THREADS | MARK_CALLS)
            self.threads.add(thread)
            tracing.stop(thread)
            tracing.ptrace(SYSCALL, thread)

    def _is_for_the_log(self, thread):
        words = Path(f"/proc/{self.service.pid}/task/{thread}/syscall").read_text().split()
        with contextlib.suppress(OSError, IndexError):  # none that is open; in no call
            descriptor = int(words[3 if words[0] in THIRD else 1], 16)
            file = os.stat(f"/proc/{self.service.pid}/fd/{descriptor}")
            return (file.st_dev, file.st_ino) == self.log
        return False

    def go_on(self):
        """Lets all threads go on that have stopped, but the one."""
        self.threads |= set(tracing.threads(self.service.pid))
        for thread in self.threads - {self.held}:
            stopped, status = os.waitpid(thread, tracing.ALL_THREADS | os.WNOHANG)
            if not stopped or not os.WIFSTOPPED(status):
                continue
            number = os.WSTOPSIG(status)
            if number == AT_A_CALL and not self.held and self._is_for_the_log(thread):
                self.held = thread
                continue
            is_a_signal = number not in (signal.SIGTRAP, AT_A_CALL) and not status >> 16
            tracing.ptrace(SYSCALL, thread, number if is_a_signal else 0)

    def let_go(self):
        """As if nobody had looked."""
        for thread in self.threads:
            if thread != self.held:
                tracing.stop(thread)
            tracing.ptrace(DETACH, thread)


def in_a_write(programs: Callable[[str], Path]) -> dict:
    """1 if no other client is answered while a write to the log is under way, if there is a write
    within REQUESTS long ones; how many lines of requests are missing in the end. Raises as
    `at_any_moment`."""
    with tracing.alive(), running.Service(programs("leftpad")) as service, \
            service.connect() as sock, service.connect() as other:
        other_thread, asked, found = tracing.serving(service, other), tracing.ASKED, {}
        threads = _Held(service)
        while asked < REQUESTS:
            _, right = asking.send(sock, agent=AGENT)
            asked, begin = asked + 1, time.monotonic()
            threads.go_on()
            while not threads.held and not tracing.is_answered(sock, begin):
                threads.go_on()
            if threads.held:
                _, others = asking.send(other)
                asked += 1
                found["write_blocks_others"] = int(
                    _waits(service, other_thread, other, threads.go_on))
                break
            asking.receive(sock, right)
        threads.let_go()
        if threads.held:
            asking.receive(sock, right)
            asking.receive(other, others)
        service.stop()
        return {**found, "lines_missing": asked - service.lines_kept()}
