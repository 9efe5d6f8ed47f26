"""Reads what a server answers on a socket, for clients that send requests byte by byte.

Thread-safe.
"""
import re


def read_answer(sock, rest=b"") -> tuple:
    """(status, body, what came after it) of the next answer; `rest` is what came after the last.

    Raises ConnectionError if the connection ends before the answer is complete, TimeoutError after
    the socket's timeout.
    """
    while b"\r\n\r\n" not in rest:
        rest += _more(sock)
    head, _, body = rest.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    size = int(length[1]) if length else 0
    while len(body) < size:
        body += _more(sock)
    return int(head.split(b" ", 2)[1]), body[:size], body[size:]


def _more(sock):
    block = sock.recv(65536)
    if not block:
        raise ConnectionError("closed before the answer was complete")
    return block
