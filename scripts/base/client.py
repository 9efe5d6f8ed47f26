"""Asks a server on a socket, and reads what it answers, for clients that send requests byte by
byte.

Thread-safe.
"""
import re
import socket

from base.paths import EXAMPLE_TARGET

# So that a log line is as long as under ab: the counts of the labs' pages also hold here.
AGENT = "ApacheBench/2.3"
MOST_BYTES = 20_000_000  # of an answer: who answers is not always to be trusted


def request(target: str, agent: str = AGENT) -> bytes:
    """The bytes that ask for it; `target`: the path with its query."""
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {agent}\r\n\r\n".encode()


def ask(sock: socket.socket, times: int = 1) -> None:
    """The example request, so many times. Raises ConnectionError unless each is answered with
    200, and what read_answer() raises."""
    example = request(EXAMPLE_TARGET)
    for _ in range(times):
        sock.sendall(example)
        status, _, _ = read_answer(sock)
        if status != 200:
            raise ConnectionError(f"answer {status}")


def read_answer(sock: socket.socket, rest: bytes = b"") -> tuple[int, bytes, bytes]:
    """(status, body, what came after it) of the next answer; `rest` is what came after the last.

    Raises ConnectionError if the connection ends before the answer is complete, or it is none, or
    has more than MOST_BYTES; TimeoutError after the socket's timeout.
    """
    while b"\r\n\r\n" not in rest:
        rest = _more(sock, rest)
    head, _, body = rest.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.\d (\d{3})\b", head)
    if not status:
        raise ConnectionError("this is no answer")
    length = re.search(rb"(?im)^content-length: *(\d{1,12})\r?$", head)
    size = int(length[1]) if length else 0
    while len(body) < size:
        body = _more(sock, body)
    return int(status[1]), body[:size], body[size:]


def _more(sock, before):
    block = sock.recv(65536)
    if not block:
        raise ConnectionError("closed before the answer was complete")
    if len(before) > MOST_BYTES:
        raise ConnectionError("the answer has no end")
    return before + block
