"""What goes on at once during a soak: good, slow, broken and vanishing clients, captures, log
rotation.

Each actor is a function of (world, rng) that does one small thing; cli.repeat() calls it in a
thread, again and again, until told to stop. A wrong answer is kept in world.wrong, never ignored.
"""

import collections
import http.client
import json
import os
import random
import signal
import socket
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import BinaryIO

from base.client import read_answer

TIMEOUT_SECONDS = 15
PADS = ["*", " ", "→", "ä"]
PIECES = ["test", "a", "ä→", '"\\', "\n\t", "😀", "%", "?"]

MALFORMED = [
    b"\r\n\r\n", b"BAD\r\n\r\n", b"GET / HTTP/1.1\n\n", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /" + b"a" * 100_000,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"b" * 100_000,
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
    b"chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
    b"GET /v1%2fleftpad/?len=1 HTTP/1.1\r\nHost: a\r\n\r\n",
]
# Fields of a request to the debug port, and the status of its answer.
HOSTS = [
    (b"Host: evil.test", 403), (b"Host: 127.0.0.1.evil.test:80", 403),
    (b"Host: localhost\r\nOrigin: http://evil.test", 403),
    (b"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site", 403),
    (b"Host: LOCALHOST\r\nSec-Fetch-Site: same-origin", 200), (b"Host: [::1]:80", 200)
]
CAPTURES = [
    "profile?seconds=1", "wall?seconds=1", "trace?seconds=1", "heap", "allocs", "block", "mutex",
    "threads", "threads?debug=1", "heap?debug=1", "heap?seconds=1"
]


class World:
    """The service under test and what was seen of it. Counters are only ever added to."""

    def __init__(self, service):
        self.service = service
        self.lock = threading.Lock()
        self.answered = []  # ids of requests that were answered
        self.counts = collections.Counter()
        self.wrong = []
        self.rotated = [service.log]

    def count(self, what: str, number: int = 1) -> None:
        """Adds so many to a figure."""
        with self.lock:
            self.counts[what] += number

    def complain(self, text: str) -> None:
        """Notes a wrong answer."""
        self.wrong.append(text)

    def connect(self) -> socket.socket:
        """A connection that a client of the soak uses."""
        return self.service.connect(seconds=TIMEOUT_SECONDS)

    def connect_debug(self) -> socket.socket:
        """A connection to the port for profiles."""
        port = int(self.service.debug_url.rsplit(":", 1)[1])
        return self.service.connect(port, TIMEOUT_SECONDS)


def padded(rng: random.Random, ident: str) -> tuple[str, str]:
    """(target, the answer it must get)."""
    text = ident + "".join(rng.choice(PIECES) for _ in range(rng.randrange(4)))
    pad, length = rng.choice(PADS), rng.randrange(200)
    query = urllib.parse.urlencode({"str": text, "len": length, "chr": pad},
                                   quote_via=urllib.parse.quote)
    return "/v1/leftpad/?" + query, pad * max(0, length - len(text)) + text


def good_client(world: World, rng: random.Random) -> None:
    """Pipelines some requests on one connection and checks each answer."""
    with world.connect() as sock:
        for _ in range(rng.randrange(1, 50)):
            batch = []
            for _ in range(rng.randrange(1, 5)):
                ident = f"id{rng.getrandbits(64):016x}."
                batch.append((ident, *padded(rng, ident)))
            sock.sendall(b"".join(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
                                  for _, target, _ in batch))
            rest = b""
            for ident, target, expected in batch:
                status, body, rest = read_answer(sock, rest)
                if status != 200 or json.loads(body)["str"] != expected:
                    world.complain(f"{target}: got {status} {body!r}, expected {expected!r}")
                    return
                world.answered.append(ident)
                world.count("good requests")


def malformed_client(world: World, rng: random.Random) -> None:
    """Gets a 4xx or 5xx, or a close."""
    data = rng.choice(MALFORMED)
    with world.connect() as sock:
        try:
            sock.sendall(data)
            status, body, _ = read_answer(sock)
            if status < 400:
                world.complain(f"{data[:60]!r}: got {status} {body!r}")
        except ConnectionError:
            pass  # a close
    world.count("malformed requests")


def foreign_client(world: World, rng: random.Random) -> None:
    """Asks the debug port as pages of other hosts do, or as the user does."""
    fields, expected = rng.choice(HOSTS)
    method, path = rng.choice([(b"GET", b"pprof/cmdline"), (b"GET", b"vars"),
                               (b"POST", b"pprof/symbol")])
    with world.connect_debug() as sock:
        sock.sendall(method + b" /debug/" + path + b" HTTP/1.1\r\n" + fields +
                     b"\r\nContent-Length: 0\r\n\r\n")
        status, body, _ = read_answer(sock)
        if status != expected:
            world.complain(f"{method} {path}, {fields!r}: got {status} {body!r}")
    world.count("foreign hosts" if expected == 403 else "own hosts")
    time.sleep(0.05)


def announcing_client(world: World, rng: random.Random) -> None:
    """Announces the largest body, sends a part of it, and leaves; a foreign host has its answer
    before that."""
    is_foreign = rng.random() < 0.5
    with world.connect_debug() if is_foreign else world.connect() as sock:
        sock.sendall(b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: evil.test\r\nContent-Length: " +
                     (b"1048576" if is_foreign else b"8192") + b"\r\n\r\n" +
                     b"0" * rng.randrange(5000))
        if is_foreign:
            status, body, _ = read_answer(sock)
            if status != 403:
                world.complain(f"a foreign host that announces a body: got {status} {body!r}")
        else:
            time.sleep(rng.random())
    world.count("announced bodies")


def slow_client(world: World, rng: random.Random) -> None:
    """Sends a request byte by byte, for some seconds, and leaves."""
    with world.connect() as sock:
        request = b"GET /v1/leftpad/?str=slow&len=9 HTTP/1.1\r\nHost: a\r\n"
        for byte in request[:rng.randrange(5, 40)]:
            sock.sendall(bytes([byte]))
            time.sleep(0.05)
    world.count("slow clients")


def half_open_client(world: World, rng: random.Random) -> None:
    """Ends its sending side; a complete request still gets its answer."""
    with world.connect() as sock:
        complete = rng.random() < 0.5
        sock.sendall(b"GET /v1/leftpad/?str=half&len=9 HTTP/1.1\r\nHost: a\r\n" +
                     (b"\r\n" if complete else b""))
        sock.shutdown(socket.SHUT_WR)
        status, body, _ = read_answer(sock)
        if status != (200 if complete else 400):
            world.complain(f"half-open client, complete={complete}: got {status} {body!r}")
    world.count("half-open clients")


def resetting_client(world: World, rng: random.Random) -> None:
    """Vanishes with a reset, before or after its request. (`len`: v1-naive needs its square in
    copied bytes.)"""
    with world.connect() as sock:
        if rng.random() < 0.7:
            sock.sendall(b"GET /v1/leftpad/?str=reset&len=6000 HTTP/1.1\r\nHost: a\r\n\r\n" *
                         rng.randrange(1, 9))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    world.count("resets")
    time.sleep(0.01)


def capturer(world: World, rng: random.Random) -> None:
    """Takes one profile of any kind."""
    capture(world, rng.choice(CAPTURES))


def capture(world: World, what: str) -> None:
    """Takes one profile, which must not be empty."""
    url = f"{world.service.debug_url}/debug/pprof/{what}"
    try:
        with urllib.request.urlopen(url, timeout=60) as reply:
            if not reply.read():
                world.complain(f"{what}: empty profile")
    except (OSError, http.client.HTTPException) as error:
        world.complain(f"{what}: {error!r}")
    world.count("captures")


def rotator(world: World, rng: random.Random) -> None:
    """Moves the log away, as logrotate does, and tells the service. Now and then a FIFO comes
    between the two files, whose reader does not read."""
    log = world.service.log
    world.rotated.append(log.rename(f"{log}.{len(world.rotated)}"))
    fifo = stalled_reader(world) if rng.random() < 0.1 else None
    world.service.process.send_signal(signal.SIGHUP)
    for _ in range(200):
        if log.exists():
            break
        time.sleep(0.05)
    else:
        world.complain("SIGHUP did not reopen the log within 10 s")
    if fifo:
        keep(world, fifo)
    world.count("log rotations")
    time.sleep(0.5)


def stalled_reader(world: World) -> BinaryIO:
    """For a second the log is a FIFO that nobody reads. Returns its end for reading."""
    os.mkfifo(world.service.log)
    fifo = open(os.open(world.service.log, os.O_RDONLY | os.O_NONBLOCK), "rb")
    world.service.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    os.unlink(world.service.log)
    world.count("stalled log readers")
    return fifo


def keep(world: World, fifo: BinaryIO) -> None:
    """The lines that it took are a part of the log."""
    kept = f"{world.service.log}.{len(world.rotated)}"
    with fifo, open(kept, "wb") as file:
        file.write(fifo.read() or b"")
    world.rotated.append(kept)
