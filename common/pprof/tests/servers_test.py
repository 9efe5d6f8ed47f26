#!/usr/bin/python3
"""Asks the example on another HTTP server what the endpoints promise.

Usage: servers_test.py PROGRAM FUNCTION  (FUNCTION of the program stands in its thread stacks)
"""

import gzip
import socket
import sys
import time
import urllib.error
import urllib.request

from example import running


def ask(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, dict, bytes]:
    """Status, headers and body of the answer."""
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def captures(url: str) -> int:
    """How many captures run now."""
    return ask(f"{url}threads?debug=2")[2].count(b'"pprof-capture"')


def leave(url: str) -> None:
    """Begins a long capture and goes away; it must also end."""
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: {host}\r\n\r\n"
                       .encode())
        while captures(url) == 0:
            time.sleep(0.01)
    while captures(url) > 0:
        time.sleep(0.01)


def check(url: str, function: str) -> None:
    status, headers, page = ask(url)
    expect("index", (status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    expect("HEAD", ask(url, "HEAD")[0::2], (200, b""))
    expect("404", ask(f"{url}nope")[1]["X-Go-Pprof"], "1")
    expect("POST", ask(f"{url}symbol", "POST", b"0x1")[2], b"num_symbols: 1\n")
    expect("too long", ask(f"{url}symbol", "POST", b"0" * 300_000)[0], 413)
    for path in ("profile?seconds=0.3", "wall?seconds=0.3", "threads"):
        status, headers, profile = ask(url + path)
        expect(path, (status, headers["Content-Type"]), (200, "application/octet-stream"))
        if function.encode() not in gzip.decompress(profile) and path == "threads":
            sys.exit(f"{path} does not name {function}()")
    leave(url)


def main() -> None:
    with running(sys.argv[1], "0") as url:
        check(url, sys.argv[2])


if __name__ == "__main__":
    main()
