"""Signals that end a command do so as SystemExit(128 + signal): what the command started is ended on the way out.

Used by the comparison, the labs, docs-check and the soak test.
"""
import contextlib
import signal

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_holding = False
_came = None


def _leave(number, _frame):
    global _came
    if _holding:
        _came = number
        return
    for ignored in ENDING:
        signal.signal(ignored, signal.SIG_IGN)
    raise SystemExit(128 + number)


def leave_on_signals():
    """Ctrl-C, too, which a shell lets its background commands ignore; but nohup is respected."""
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)


@contextlib.contextmanager
def held():
    """A signal that comes meanwhile counts only at the end: a child that is started in here is noted in here, too."""
    global _holding
    _holding = True
    try:
        yield
    finally:
        _holding = False
        if _came:
            _leave(_came, None)
