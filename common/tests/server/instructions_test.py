#!/usr/bin/python3
"""Instructions a request, counted by callgrind: instructions_test.py SERVICE-WITHOUT-TCMALLOC.

One keep-alive connection asks 3,000 times; all instructions of the program, its start included, are
divided by that. What is left, by whose code: callgrind_annotate --inclusive=yes FILE, where FILE is
kept if CALLGRIND_OUT names it. Exit code 77 (skipped) without valgrind.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

REQUESTS = 3000
# For cpp-httplib 0.11.4 and g++ 12: 50,500; 78,200 while it read each head again.
MOST = 62_000
REQUEST = (b"GET /v1/leftpad/?str=test&len=50&chr=* HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
           b"User-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n")
BODY_END = b'test"}\n'
SKIPPED = 77


def ask(port: int, times: int) -> None:
    """Sends the request `times` times on one connection; EOFError if the server closes it."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(times):
            connection.sendall(REQUEST)
            answer = b""
            while not answer.endswith(BODY_END):
                block = connection.recv(65536)
                if not block:
                    raise EOFError(f"connection closed after {answer!r}")
                answer += block


def count(service: str, out: str) -> int:
    """Instructions of the whole program while it answers REQUESTS requests."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", service, "--port=0",
               "--debug-addr=off", "--log-file=/dev/null"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = next(line for line in process.stderr if "listening on" in line)
            ask(int(said.rsplit(":", 1)[1]), REQUESTS)
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
    return int(re.search(r"Collected : (\d+)", rest)[1])


class Instructions(unittest.TestCase):
    service = ""

    def test_a_request_stays_within_its_budget(self):
        with tempfile.NamedTemporaryFile() as report:
            each = count(self.service, os.environ.get("CALLGRIND_OUT", report.name)) / REQUESTS
        print(f"{each:,.0f} instructions a request, at most {MOST:,}")
        self.assertLessEqual(each, MOST)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is missing (apt-get install valgrind)")
        sys.exit(SKIPPED)
    Instructions.service = sys.argv.pop()
    unittest.main(verbosity=2)
