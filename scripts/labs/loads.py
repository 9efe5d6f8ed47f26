"""The loads under which views.py looks at a service: context managers that load a service.
Loopback; they end with the context."""
import contextlib
import itertools
import socket
import threading

from base.client import ask, read_answer
from profiles import capture

CLIENTS = 8
# so that serving it takes a while
LONG_REQUEST = b"GET /v1/leftpad/?str=test&len=60000&chr=* HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LONG_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


@contextlib.contextmanager
def ab(service, clients):
    """As many requests as it answers."""
    with capture.load(service, 60, clients, LONG_AGENT, shown=False):
        yield


def distinct_target(number: int) -> str:
    """A request for a text that no other number asks for."""
    return f"/v1/leftpad/?str=text{number:08}&len=200&chr=*"


@contextlib.contextmanager
def distinct(service, _clients):
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
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def idle(service, _clients):
    """Eight clients that ask once in two seconds, and a ninth that asks for long texts again and
    again."""
    stop = threading.Event()

    def ask_now_and_then(held):
        while not stop.wait(2):  # a connection that is idle for 5 s is closed
            for sock in held:
                ask(sock)

    def ask_always(sock):
        with contextlib.suppress(OSError):
            while not stop.is_set():
                sock.sendall(LONG_REQUEST)
                read_answer(sock)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(service.connect()) for _ in range(8)]
        for sock in held:
            ask(sock)
        ninth = stack.enter_context(service.connect())
        threads = [
            threading.Thread(target=ask_now_and_then, args=(held, )),
            threading.Thread(target=ask_always, args=(ninth, ))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                ninth.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


LOADS = {
    "ab": (ab, CLIENTS), "one client": (ab, 1), "different texts": (distinct, 1),
    "idle clients": (idle, 8)
}
