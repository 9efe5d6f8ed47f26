"""Signals that end a command do so as SystemExit(128 + signal): what the command started is ended
on the way out."""
import contextlib
import signal
import tempfile
import threading
from collections.abc import Iterator

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_holding = 0
_came = None


def _leave(number, _frame):
    global _came
    if _holding:
        _came = number
        return
    for ignored in ENDING:
        signal.signal(ignored, signal.SIG_IGN)
    raise SystemExit(128 + number)


def leave_on_signals() -> None:
    """Also Ctrl-C, which a shell lets its background commands ignore; but nohup is respected."""
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """A signal that comes meanwhile counts only at the end: a child that is started in here is
    also noted in here.

    Signals come to the main thread alone, so for another there is nothing to hold.
    """
    global _holding
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _holding += 1
    try:
        yield
    finally:
        _holding -= 1
        if _came and not _holding:
            _leave(_came, None)


def temporary_folder(**options: str) -> tempfile.TemporaryDirectory:
    """A TemporaryDirectory that a signal cannot leave behind while it is being made."""
    with held():
        return tempfile.TemporaryDirectory(**options)
