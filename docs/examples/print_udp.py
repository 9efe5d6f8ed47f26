"""Prints the datagrams that arrive on a loopback port, one a line. Used by chapter 18.

Usage: python3 docs/examples/print_udp.py PORT
"""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.bind(("127.0.0.1", int(sys.argv[1])))
    print("waiting for packets", flush=True)
    while True:
        print(receiver.recv(65536).decode(), flush=True)
