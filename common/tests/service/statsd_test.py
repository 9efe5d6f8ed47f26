"""A real StatsD server (npm package statsd, in STATSD_DIR) accepts every line and counts right."""

import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from under_test import (OWN_HOST, WAIT_SECONDS, Service, eventually, free_ports, leftpad_path,
                        main)
from base import children

REQUESTS = 1000
BATCH = 50


class StatsDServer:
    """statsd.js on free ports; it flushes only once an hour, so totals stay readable."""

    def __enter__(self):
        self.port, self.mgmt_port = free_ports(socket.SOCK_DGRAM, socket.SOCK_STREAM)
        self.directory = tempfile.TemporaryDirectory()
        config = os.path.join(self.directory.name, "config.js")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"address": OWN_HOST, "port": self.port, "mgmt_address": OWN_HOST,
                       "mgmt_port": self.mgmt_port, "flushInterval": 3_600_000,
                       "backends": ["./backends/console"]}, file)
        package = os.path.join(os.environ["STATSD_DIR"], "node_modules", "statsd")
        self.process = children.start(["node", "stats.js", config], cwd=package,
                                      stdout=subprocess.DEVNULL)
        if not eventually(lambda: self.is_up() or self.process.poll() is not None):
            raise AssertionError("statsd does not come up")
        self.ask("health", end="up")
        return self

    def __exit__(self, *_):
        children.end(self.process)
        self.directory.cleanup()

    def is_up(self):
        with socket.socket() as sock:
            return sock.connect_ex((OWN_HOST, self.mgmt_port)) == 0

    def ask(self, command, end="END"):
        """The answer of the management port up to `end`."""
        with socket.create_connection((OWN_HOST, self.mgmt_port), timeout=WAIT_SECONDS) as sock:
            sock.sendall(command.encode() + b"\n")
            answer = ""
            while end not in answer:
                answer += sock.recv(65536).decode()
        return answer[:answer.index(end)]

    def counters(self):
        """The answer is a JavaScript object of quoted names and plain numbers."""
        return json.loads(self.ask("counters").replace("'", '"'))

    def timings(self):
        """How many timings came, and the first ones in milliseconds: the server shows no more."""
        values, _, rest = self.ask("timers").split("[", 1)[1].partition("...")
        shown = [float(ms) for ms in re.findall(r"\d[\d.]*", values)]
        return len(shown) + int((re.findall(r"\d+", rest) or [0])[0]), shown


class RealStatsD(unittest.TestCase):
    def totals(self, *options):
        """Counters and timings after REQUESTS requests of a five-character string."""
        with StatsDServer() as server, Service(f"--statsd={OWN_HOST}:{server.port}",
                                               "--namespace=ws", *options) as running:
            connection = running.connection()
            for _ in range(REQUESTS // BATCH):
                for _ in range(BATCH):
                    running.request(leftpad_path(str="abcde", len=9), connection=connection)
                # A batch fits the socket's buffer; more could be lost there while the server is
                # busy.
                sent = running.counted()["metrics"]["packets_sent"]
                self.assertTrue(eventually(
                    lambda: server.counters()["statsd.packets_received"] == sent), sent)
            connection.close()
            return server.counters(), server.timings()

    def test_counts_every_request_at_rate_1(self):
        counters, (timings, first_timings) = self.totals()
        self.assertEqual(counters["statsd.bad_lines_seen"], 0)
        self.assertEqual(counters["statsd.packets_received"], 3 * REQUESTS)
        self.assertEqual(counters["ws.request.leftpad.count"], REQUESTS)
        self.assertEqual(counters["ws.request.str.len"],
                         5 * REQUESTS)  # this server sums histograms
        self.assertEqual(timings, REQUESTS)
        self.assertTrue(all(0 < ms < 10_000 for ms in first_timings), first_timings)

    def test_sends_half_of_the_packets_at_rate_one_half(self):
        counters, _ = self.totals("--sample-rate=0.5")
        self.assertEqual(counters["statsd.bad_lines_seen"], 0)
        # 3000 packets, each sent with probability 1/2: 200 is more than seven standard deviations.
        self.assertAlmostEqual(counters["statsd.packets_received"], 1.5 * REQUESTS, delta=200)
        # The server divides by the rate, so the total is right again.
        self.assertAlmostEqual(counters["ws.request.leftpad.count"], REQUESTS, delta=250)

    def test_an_absent_server_costs_no_request(self):
        with Service(f"--statsd={OWN_HOST}:{free_ports(socket.SOCK_DGRAM)[0]}") as running:
            connection = running.connection()
            for _ in range(REQUESTS):
                status, _, _ = running.request(leftpad_path(str="a", len=9), connection=connection)
                self.assertEqual(status, 200)
            connection.close()


if __name__ == "__main__":
    main()
