#!/usr/bin/python3
"""Checks that a second example service does not share a port with the first, and ends.

Usage: example_test.py PPROF_EXAMPLE
"""

import subprocess
import sys

from example import START_SECONDS, running, two_ports


def expect_refusal(example, port, debug_port, taken):
    command = [example, str(port), str(debug_port)]
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=START_SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"{command} runs on although port {taken} is taken")
    wanted = f"port {taken} is in use: choose another one"
    if done.returncode != 1 or wanted not in done.stderr:
        sys.exit(f"{command}: status {done.returncode}, {done.stderr!r}; wanted 1, {wanted!r}")


def main():
    example = sys.argv[1]
    with running(example, "0", "0", found=two_ports) as (debug_port, port):
        expect_refusal(example, 0, debug_port, taken=debug_port)
        for _ in range(20):  # it may end before its debug server has begun to listen
            expect_refusal(example, port, 0, taken=port)


if __name__ == "__main__":
    main()
