"""The command line: a wrong one gives one clear line (value, rule, remedy) and exit code 2."""

import os
import signal
import socket
import subprocess
import tempfile
import unittest

import service
from base.service import Broken


def run(*options):
    return subprocess.run([service.binary(), *options], capture_output=True, text=True,
                          timeout=service.WAIT_SECONDS)


def first_line(*options):
    """What a service with these options says first, or why it does not start."""
    try:
        with service.Service(*options) as running:
            return running.said().splitlines()[0]
    except Broken as broken:
        return str(broken)


def has_address(name):
    try:
        return bool(socket.getaddrinfo(name, 0))
    except OSError:
        return False


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class CommandLine(unittest.TestCase):
    def refused(self, *options, says, code=2):
        result = run(*options)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for part in says:
            self.assertIn(part, result.stderr)

    def test_help_names_every_option_of_the_contract(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for option in ("host", "port", "debug-addr", "debug-token", "statsd", "sample-rate",
                       "namespace", "log-file", "log-level", "log-flush-ms", "max-len", "threads",
                       "io", "version", "help"):
            self.assertIn(f"--{option}", result.stdout)

    def test_version_names_the_stage(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        stage = service.binary().rsplit("leftpad-", 1)[1]
        self.assertRegex(result.stdout, rf"^leftpad \d+\.\d+\.\d+ {stage}\n$")

    def test_wrong_values_are_refused(self):
        self.refused("--prot=1", says=["--prot=1", "--help"])
        self.refused("--port=99999", says=["--port", "99999", "65535"])
        self.refused("--port=http", says=["--port", "http"])
        self.refused("--port=025577", says=["--port", "025577", "whole number"])
        self.refused("--port=0x63E7", says=["--port", "0x63E7", "whole number"])
        self.refused("--threads=", says=["--threads"])
        self.refused("--sample-rate=2", says=["--sample-rate", "2"])
        self.refused("--sample-rate=0", says=["--sample-rate", "0"])
        self.refused("--sample-rate=nan", says=["--sample-rate", "nan"])
        # The rate is announced with six decimals, and the server divides by what it reads.
        for rate in ("0.0000014", "0.12345678", "0.9999999", "1e-7"):
            self.refused(f"--sample-rate={rate}",
                         says=["--sample-rate", rate, "six decimals", "0.000001"])
        self.refused("--log-flush-ms=9", says=["--log-flush-ms", "9", "10 to 60000"])
        self.refused("--log-flush-ms=60001", says=["--log-flush-ms", "60001"])
        self.refused("--log-flush-ms=soon", says=["--log-flush-ms", "soon", "whole number"])
        self.refused("--max-len=-1", says=["--max-len", "-1"])
        self.refused("--threads=0", says=["--threads", "0"])
        self.refused("--log-level=loud", says=["--log-level", "loud", "debug"])
        self.refused("--io=fast", says=["--io", "fast", "plain"])
        self.refused("--statsd=localhost", says=["--statsd", "localhost", "127.0.0.1:8125"])
        self.refused("--namespace=a:b", says=["--namespace", "a:b", "letters"])
        self.refused("--debug-addr=6060", says=["--debug-addr", "6060", "127.0.0.1:6060"])

    def test_rates_of_six_decimals_are_taken(self):
        for rate in ("0.000001", "0.002877", "0.999999", "5e-1", "1"):
            line = first_line("--port=0", "--debug-addr=off", f"--sample-rate={rate}")
            self.assertRegex(line, r"^listening on ", rate)

    def test_open_debug_address_needs_a_token(self):
        for host in ("0.0.0.0", "127.any.name", "127.1", "127.0.0.1.example", "[::]",
                     "[2001:db8::1]"):
            self.refused(f"--debug-addr={host}:6060",
                         says=[host.strip("[]"), "loopback", "--debug-token"])

    def test_loopback_debug_addresses_need_none(self):
        for host in ("127.0.0.1", "127.1.2.3"):
            line = first_line("--port=0", f"--debug-addr={host}:0")
            self.assertRegex(line, rf"^profiles at http://{host}:\d+/debug/pprof/$")

    def test_localhost_needs_none(self):
        line = first_line("--port=0", "--debug-addr=localhost:0")
        # A bare machine may lack /etc/hosts, and the name with it.
        known = r"^profiles at http://localhost:\d+/debug/pprof/$"
        self.assertRegex(line,
                         known if has_address("localhost") else 'host "localhost" has no address')

    @unittest.skipUnless(has_ipv6(), "this machine has no [::1]")
    def test_ipv6_addresses_stand_in_brackets(self):
        self.assertRegex(first_line("--port=0", "--debug-addr=[::1]:0"),
                         r"^profiles at http://\[::1\]:\d+/debug/pprof/$")
        self.assertRegex(first_line("--port=0", "--host=::1", "--debug-addr=off"),
                         r"^listening on http://\[::1\]:\d+$")
        self.refused("--debug-addr=::1", says=["--debug-addr", "::1", "HOST:PORT"])

    def test_unwritable_log_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--log-file=/nowhere/x.log",
                     says=["/nowhere/x.log", "No such file", "--log-file"], code=1)

    def test_the_last_of_an_option_given_twice_counts(self):
        with service.Service("--max-len=5", "--max-len=7") as running:
            self.assertEqual(running.request("/v1/leftpad/?str=a&len=7")[0], 200)
            self.assertEqual(running.request("/v1/leftpad/?str=a&len=8")[0], 400)

    def test_fifo_without_a_reader_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            fifo = os.path.join(directory, "log")
            os.mkfifo(fifo)
            self.refused("--port=0", "--debug-addr=off", f"--log-file={fifo}",
                         says=[fifo, "FIFO that nobody reads"], code=1)

    def test_unknown_statsd_host_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--statsd=no.such.host.invalid:8125",
                     says=["no.such.host.invalid", "check the name"], code=1)

    def test_statsd_port_0_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--statsd=127.0.0.1:0",
                     says=["--statsd=127.0.0.1:0", "for example 127.0.0.1:8125"], code=1)

    def test_port_in_use_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(f"--port={port}", "--debug-addr=off",
                         says=[str(port), "in use", "--port"], code=1)
            self.refused("--port=0", f"--debug-addr=127.0.0.1:{port}",
                         says=[str(port), "in use", "--debug-addr"], code=1)

    def test_an_address_that_is_not_ours_is_refused(self):
        for host in ("no.such.host.invalid", "192.0.2.1"):
            self.refused(f"--host={host}", "--port=0", "--debug-addr=off",
                         says=[host, "--host", "127.0.0.1"], code=1)

    def test_two_services_never_share_a_port(self):
        with service.Service() as first:
            self.refused(f"--port={first.port}", "--debug-addr=off", says=["in use"], code=1)

    def test_ctrl_c_and_sigterm_end_it_with_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with service.Service() as running:
                self.assertEqual(running.stop(number), 0)


if __name__ == "__main__":
    service.main()
