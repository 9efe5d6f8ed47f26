"""Every stage gives the same answers, log lines and metrics for the same generated requests."""

import random
import re
import socket
import threading
import unittest
import urllib.parse

from under_test import Service, binaries, eventually, main

REQUESTS = 1500
BATCH = 25  # whose packets fit a socket's buffer
SEED = 20210425
PIECES = ["a", "test", " ", "*", '"', "\\", "\0", "\n", "\x7f", "ä", "→", "😀", "é", "\u2028"]
LENGTHS = [
    "", "0", "4", "50", "-3", "1000", "4097", "x", "1e3", "99999999999999999999",
    "-99999999999999999999", "0050", "+5"
]


def encoded(text, rng):
    data = text.encode()
    if rng.random() < 0.05:
        data += rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
    return urllib.parse.quote_from_bytes(data)


def request_target(rng):
    """One target: usually sensible, sometimes with missing, repeated or broken parameters."""
    params = []
    for name in ("str", "chr"):
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(12)))
            params.append(f"{name}={encoded(text, rng)}")
    for _ in range(rng.choice([0, 1, 1, 1, 1, 2])):
        length = rng.choice(LENGTHS) if rng.random() < 0.4 else str(rng.randrange(120))
        params.append(f"len={length}")
    rng.shuffle(params)
    return "/v1/leftpad/?" + "&".join(params)


class Packets:
    """A UDP receiver that keeps what it gets."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.5)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.lines, self.stopped = [], False
        self.thread = threading.Thread(target=self.receive)
        self.thread.start()
        return self

    def receive(self):
        while True:
            try:
                self.lines.append(self.socket.recv(65536).decode())
            except socket.timeout:
                if self.stopped:
                    return

    def wait_for(self, count):
        if not eventually(lambda: len(self.lines) == count):
            raise AssertionError(f"{len(self.lines)} packets came, {count} were sent")

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()
        self.socket.close()


def observe(path):
    """(answers, request log lines without time, metrics without timings) of one stage."""
    rng = random.Random(SEED)
    with Packets() as packets, Service(f"--statsd={packets.address}", "--max-len=4096",
                                       path=path) as running:
        connection = running.connection()
        answers = []
        for number in range(REQUESTS):
            if number % BATCH == 0:
                packets.wait_for(running.counted()["metrics"]["packets_sent"])
            agent = rng.choice([
                "curl/7.88.1", "", 'x"\\y', "caf\xe9 \xc2\x9b2J",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "Mozilla/5.0 (X11; Linux x86_64)"
            ])
            target = request_target(rng)
            status, headers, body = running.request(target, headers={"User-Agent": agent},
                                                    connection=connection)
            answers.append((target, status, headers["Content-Type"], body))
        connection.close()
        running.stop()
        log = [line.split(" ", 1)[1] for line in running.log_lines() if " request " in line]
    metrics = [re.sub(r"timing:[0-9.]+\|", "timing:T|", line) for line in packets.lines]
    return answers, log, metrics


class Differential(unittest.TestCase):
    def test_stages_cannot_be_told_apart(self):
        expected_stage, *others = binaries()
        expected = observe(expected_stage)
        self.assertEqual(len(expected[0]), REQUESTS)
        self.assertEqual(len(expected[1]), REQUESTS)
        self.assertGreater(sum(status == 200 for _, status, _, _ in expected[0]), REQUESTS / 4)
        self.assertGreater(sum(status == 400 for _, status, _, _ in expected[0]), REQUESTS / 20)
        for stage in others:
            with self.subTest(stage):
                for name, want, got in zip(("answer", "log line", "metric"), expected,
                                           observe(stage)):
                    self.assertEqual(len(got), len(want), name)
                    for left, right in zip(want, got):
                        self.assertEqual(right, left, f"{name} of {stage}")


if __name__ == "__main__":
    main()
