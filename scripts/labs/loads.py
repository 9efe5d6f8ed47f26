"""The loads under which views.py looks at a service: context managers that load a service.
Loopback; they end with the context."""
import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator

from base.client import ask, read_answer
from base.service import Service
from profiles import capture

CLIENTS = 8
# so that serving it takes a while
LONG_REQUEST = b"GET /v1/leftpad/?str=test&len=60000&chr=* HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LONG_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


@contextlib.contextmanager
def ab(service: Service, clients: int) -> Iterator[None]:
    """As many requests as it answers."""
    with capture.load(service, 60, clients, LONG_AGENT, shown=False):
        yield


def distinct_target(number: int) -> str:
    """A request for a text that no other number asks for."""
    return f"/v1/leftpad/?str=text{number:08}&len=200&chr=*"


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
def distinct(service: Service, _number: int) -> Iterator[None]:
    """One client; every request asks for a text never seen before."""
    stop = threading.Event()

    def ask():
        with service.connect() as sock:
            for number in itertools.count():
                if stop.is_set():
                    return
                sock.sendall(
                    f"GET {distinct_target(number)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                read_answer(sock)

    with _clients(stop, ask):
        yield


@contextlib.contextmanager
def idle(service: Service, _number: int) -> Iterator[None]:
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
                    ninth.sendall(LONG_REQUEST)
                    read_answer(ninth)

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
    "ab": (ab, CLIENTS), "one client": (ab, 1), "different texts": (distinct, 1),
    "idle clients": (idle, 8)
}
