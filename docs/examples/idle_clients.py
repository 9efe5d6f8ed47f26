"""Opens connections to port 8080, one after another: each sends one request and then stays open.
Used by lab 8.

Usage: python3 docs/examples/idle_clients.py COUNT
"""

import http.client
import sys
import time

open_clients = []
for number in range(1, int(sys.argv[1]) + 1):
    start = time.monotonic()
    client = http.client.HTTPConnection("127.0.0.1:8080", timeout=60)
    client.request("GET", "/v1/leftpad/?len=3")
    client.getresponse().read()
    print(f"client {number} waited {time.monotonic() - start:.1f} s", flush=True)
    open_clients.append(client)
