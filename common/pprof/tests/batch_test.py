#!/usr/bin/python3
"""Checks the files that the example without a server writes, of itself and for a signal.

Usage: batch_test.py PPROF_BATCH
"""

import gzip
import pathlib
import signal
import subprocess
import sys
import tempfile


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        batch = subprocess.Popen([sys.argv[1], name, "3"], stderr=subprocess.PIPE, text=True)
        first = batch.stderr.readline()
        batch.send_signal(signal.SIGUSR2)
        second = batch.stderr.readline()
        wall = folder / f"wall-{batch.pid}-1.pb.gz"
        if (first, second) != ("working\n", f"pprof: {wall}\n"):
            sys.exit(f"it said {first!r}, {second!r}")
        if batch.wait() != 0:
            sys.exit(f"status {batch.returncode}: {batch.stderr.read()}")
        for file in (folder / "cpu.pb.gz", folder / "heap.pb.gz", wall):
            profile = gzip.decompress(file.read_bytes())
            if b"primes_below" not in profile:
                sys.exit(f"{file.name} does not name primes_below(): {profile!r}")


if __name__ == "__main__":
    main()
