"""A real StatsD server (npm package statsd, in STATSD_DIR) accepts every line and counts right."""

import json
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from service import Service, leftpad_path, main

REQUESTS = 1000
BATCH = 50


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class StatsDServer:
    """statsd.js on free ports of 127.0.0.1; it flushes only once an hour, so totals stay readable."""

    def __enter__(self):
        self.port, self.mgmt_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        self.directory = tempfile.TemporaryDirectory()
        config = os.path.join(self.directory.name, "config.js")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"address": "127.0.0.1", "port": self.port, "mgmt_address": "127.0.0.1",
                       "mgmt_port": self.mgmt_port, "flushInterval": 3_600_000,
                       "backends": ["./backends/console"]}, file)
        package = os.path.join(os.environ["STATSD_DIR"], "node_modules", "statsd")
        self.process = subprocess.Popen(["node", "stats.js", config], cwd=package,
                                        stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.ask("health", end="up")
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.__exit__()
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.directory.cleanup()

    def ask(self, command, end="END"):
        """The answer of the management port up to `end`."""
        with socket.create_connection(("127.0.0.1", self.mgmt_port), timeout=5) as sock:
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
        with StatsDServer() as server, Service(f"--statsd=127.0.0.1:{server.port}",
                                               "--namespace=ws", *options) as running:
            connection = running.connection()
            for _ in range(REQUESTS // BATCH):
                for _ in range(BATCH):
                    running.request(leftpad_path(str="abcde", len=9), connection=connection)
                self.wait_until_received(server, running)
            connection.close()
            return server.counters(), server.timings()

    def wait_until_received(self, server, running):
        """A batch fits the socket's buffer; more could be lost there while the server is busy."""
        with urllib.request.urlopen(f"http://127.0.0.1:{running.debug_port}/debug/vars") as answer:
            sent = json.load(answer)["metrics"]["packets_sent"]
        deadline = time.monotonic() + 20
        while server.counters()["statsd.packets_received"] < sent:
            self.assertLess(time.monotonic(), deadline, f"of {sent} packets some were lost")
            time.sleep(0.01)

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
        with Service(f"--statsd=127.0.0.1:{free_port(socket.SOCK_DGRAM)}") as running:
            connection = running.connection()
            for _ in range(REQUESTS):
                status, _, _ = running.request(leftpad_path(str="a", len=9), connection=connection)
                self.assertEqual(status, 200)
            connection.close()


if __name__ == "__main__":
    main()
