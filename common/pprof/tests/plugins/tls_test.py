#!/usr/bin/python3
"""Checks that all thread-local state of an archive is reached without a call.

Usage: tls_test.py ARCHIVE
The general and the local dynamic model call __tls_get_addr (or a TLS descriptor's function), which
may allocate: in a signal handler or in a hook of malloc that deadlocks or recurses.
"""

import re
import subprocess
import sys

DYNAMIC = re.compile(r"TLSGD|TLSLD|TLSDESC|__tls_get_addr")
STATIC = re.compile(r"GOTTPOFF|TPOFF32|GOTTPREL|TLSLE")


def main() -> None:
    listing = subprocess.run(["readelf", "--relocs", "--wide", sys.argv[1]], check=True,
                             capture_output=True, text=True).stdout
    found = sorted({line for line in listing.splitlines() if DYNAMIC.search(line)})
    if found:
        sys.exit("thread-local state that is found by a call; -ftls-model=initial-exec is "
                 "missing:\n" + "\n".join(found))
    if not STATIC.search(listing):
        sys.exit(f"{sys.argv[1]} has no thread-local state at all: this test reads it wrongly")


if __name__ == "__main__":
    main()
