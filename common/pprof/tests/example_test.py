#!/usr/bin/python3
"""Checks that a second example service does not share a port with the first, and ends.

Usage: example_test.py PPROF_EXAMPLE
"""

import pathlib
import socket
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent / "conformance"))
from service import free_port  # noqa: E402


def wait_until_listening(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port} after 10 s")


def expect_refusal(example, port, debug_port, taken):
    command = [example, str(port), str(debug_port)]
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"{command} runs on although port {taken} is taken")
    wanted = f"port {taken} is in use: choose another one"
    if done.returncode != 1 or wanted not in done.stderr:
        sys.exit(f"{command}: status {done.returncode}, {done.stderr!r}; wanted 1, {wanted!r}")


def main():
    example = sys.argv[1]
    port, debug_port = free_port(), free_port()
    first = subprocess.Popen([example, str(port), str(debug_port)], stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(port)
        wait_until_listening(debug_port)
        expect_refusal(example, free_port(), debug_port, taken=debug_port)
        for _ in range(20):  # it may end before its debug server has begun to listen
            expect_refusal(example, port, free_port(), taken=port)
    finally:
        first.kill()
        first.wait()


if __name__ == "__main__":
    main()
