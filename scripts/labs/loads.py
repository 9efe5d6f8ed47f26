"""The loads under which views.py looks at a service: context managers that load a service.
Loopback; they end with the context."""
import contextlib
import functools
import itertools
import socket
import threading
from collections.abc import Iterable, Iterator

from base.client import ask, read_answer, request
from base.paths import EXAMPLE_TARGET
from base.service import Service
from profiles import capture

CLIENTS = 8
LONG_TARGET = "/v1/leftpad/?str=test&len=60000&chr=*"  # so that serving it takes a while
TARGETS = {"ab": EXAMPLE_TARGET, "long texts": LONG_TARGET,
           "different texts": "/v1/leftpad/?str=text{:08}&len=200&chr=*"}
LONG_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


@contextlib.contextmanager
def ab(service: Service) -> Iterator[None]:
    """As many requests as it answers."""
    with capture.load(service, 60, CLIENTS, LONG_AGENT, shown=False):
        yield


def _ask_for(sock, target):
    sock.sendall(request(target, LONG_AGENT))
    read_answer(sock)


def ask_one_by_one(service: Service, load: str, numbers: Iterable[int]) -> None:
    """The load's requests with these numbers, on one connection."""
    with service.connect() as sock:
        for number in numbers:
            _ask_for(sock, TARGETS[load].format(number))


@contextlib.contextmanager
def _clients(stop, *jobs):
    """Threads that do the jobs, which end soon after the event `stop` is set."""
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def one_client(load: str, service: Service) -> Iterator[None]:
    """One client, that asks again and again."""
    stop = threading.Event()
    until_then = itertools.takewhile(lambda _: not stop.is_set(), itertools.count())
    with _clients(stop, lambda: ask_one_by_one(service, load, until_then)):
        yield


@contextlib.contextmanager
def idle(service: Service) -> Iterator[None]:
    """Eight clients that ask once in two seconds, and a ninth that asks for long texts again and
    again."""
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        *held, ninth = (stack.enter_context(service.connect()) for _ in range(9))

        def ask_now_and_then():
            while not stop.wait(2):  # a connection that is idle for 5 s is closed
                for sock in held:
                    ask(sock)

        def ask_always():
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    _ask_for(ninth, LONG_TARGET)

        for sock in held:
            ask(sock)
        with _clients(stop, ask_now_and_then, ask_always):
            try:
                yield
            finally:
                stop.set()
                with contextlib.suppress(OSError):
                    ninth.shutdown(socket.SHUT_RDWR)


LOADS = {
    "ab": ab, "idle clients": idle,
    **{name: functools.partial(one_client, name) for name in ("different texts", "long texts")}
}
