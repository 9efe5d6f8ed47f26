"""The loads under which views.py looks at a service: context managers that give a Load. Loopback; they end with the context."""
import contextlib
import re
import signal
import socket
import subprocess
import threading
import time

from labs import running

CLIENTS = 8
LONG_REQUEST = b"GET /v1/leftpad/?str=test&len=60000&chr=* HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"  # so that serving it takes a while
LONG_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


class Load:
    rate = 1.0  # requests a second; known when the load has ended


@contextlib.contextmanager
def ab(service, clients):
    """Loads the service; afterwards .rate is in requests a second."""
    command = ["ab", "-q", "-k", "-c", str(clients), "-t", "120", "-n", "99999999", "-H", f"User-Agent: {LONG_AGENT}",
               f"http://127.0.0.1:{service.port}{running.TARGET}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    load = Load()
    try:
        yield load
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[0]
        load.rate = float(re.search(r"Requests per second: +([\d.]+)", said)[1])


@contextlib.contextmanager
def distinct(service, _clients):
    """One client; every request asks for a text never seen before."""
    load, stop, served = Load(), threading.Event(), [0]

    def ask():
        with service.connect() as sock:
            while not stop.is_set():
                target = f"/v1/leftpad/?str=text{served[0]:08}&len=200&chr=*"
                sock.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                running.read_answer(sock)
                served[0] += 1
    thread = threading.Thread(target=ask)
    start = time.monotonic()
    thread.start()
    try:
        yield load
    finally:
        stop.set()
        thread.join()
        load.rate = served[0] / (time.monotonic() - start)


@contextlib.contextmanager
def idle(service, _clients):
    """Eight clients that ask once in two seconds, and a ninth that asks for long texts again and again."""
    stop = threading.Event()

    def ask_now_and_then(held):
        while not stop.wait(2):  # a connection that is idle for 5 s is closed
            for sock in held:
                running.ask(sock)

    def ask_always(sock):
        with contextlib.suppress(OSError):
            while not stop.is_set():
                sock.sendall(LONG_REQUEST)
                running.read_answer(sock)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(service.connect()) for _ in range(8)]
        for sock in held:
            running.ask(sock)
        ninth = stack.enter_context(service.connect())
        threads = [threading.Thread(target=ask_now_and_then, args=(held,)), threading.Thread(target=ask_always, args=(ninth,))]
        for thread in threads:
            thread.start()
        try:
            yield Load()
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                ninth.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


LOADS = {"ab": (ab, CLIENTS), "one client": (ab, 1), "different texts": (distinct, 1), "idle clients": (idle, 8)}
