"""The command line: a wrong one gives one clear line (value, rule, remedy) and exit code 2."""

import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
from unittest import mock

import under_test
from base.service import Broken


def run(*options):
    return subprocess.run([under_test.binary(), *options], capture_output=True, text=True,
                          timeout=under_test.WAIT_SECONDS)


def first_line(*options):
    """What a service with these options says first, or why it does not start."""
    try:
        with under_test.Service(*options) as running:
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

    def test_a_token_may_be_in_a_file_or_in_the_environment(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "token")
            with open(path, "w", encoding="utf-8") as file:
                file.write("from-a-file\n")
            for options, environment, token in (
                    ([f"--debug-token-file={path}"], {}, "from-a-file"),
                    ([], {"PPROF_DEBUG_TOKEN": "from-outside"}, "from-outside"),
                    (["--debug-token=from-here"], {"PPROF_DEBUG_TOKEN": "from-outside"},
                     "from-here")):
                with mock.patch.dict(os.environ, environment), \
                        under_test.Service(*options) as running:
                    url = f"http://127.0.0.1:{running.debug_port}/debug/vars?token="
                    with urllib.request.urlopen(url + token) as answer:
                        self.assertEqual(answer.status, 200)
                    with self.assertRaises(urllib.error.HTTPError) as refused:
                        urllib.request.urlopen(url + "another")
                    refused.exception.close()
                    self.assertEqual(refused.exception.code, 401)

    def test_a_token_that_is_none_is_refused_and_not_repeated(self):
        for token in ("short", "x", "with a blank in it", "quote'quote", "x" * 201):
            result = run(f"--debug-token={token}")
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, "--debug-token: a token has 8 to 200 letters")
            self.assertNotIn(f" {token}", result.stderr)
        self.refused("--debug-token-file", "", says=["--debug-token-file", '""'])
        self.refused("--debug-token-file=/nowhere", says=["--debug-token-file", '"/nowhere"'])
        with tempfile.NamedTemporaryFile("w") as file:
            self.refused(f"--debug-token-file={file.name}", says=[file.name, "is empty"])
            file.write("short\n")
            file.flush()
            self.refused(f"--debug-token-file={file.name}", says=[file.name, "8 to 200"])
            file.seek(0)
            file.write("long-enough\n")
            file.flush()
            self.refused(f"--debug-token-file={file.name}", "--debug-token=long-enough",
                         says=["--debug-token-file", "leave one of them out"])

    def test_help_says_what_the_options_are(self):
        # A default is "=8080" in Debian 12's CLI11, " [8080]" in Debian 13's.
        lines = re.sub(r" \[(\S+)\] ", r"=\1 ", run("--help").stdout).splitlines()
        for line in ("--port N=8080", "--log-level LEVEL=info", "--shutdown-grace SECONDS=5",
                     "--debug-addr HOST:PORT=127.0.0.1:6060",
                     "--debug-token SECRET (Env:PPROF_DEBUG_TOKEN)"):
            self.assertTrue(any(line in one for one in lines), line)
        self.assertIn("can read it in ps", run("--help").stdout)
        self.assertEqual([line for line in lines if len(line) > 110], [])

    def test_help_names_every_option_of_the_contract(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for option in ("host", "port", "debug-addr", "debug-host", "debug-token",
                       "debug-token-file", "shutdown-grace", "statsd", "sample-rate",
                       "namespace", "log-file", "log-level", "log-flush-ms", "max-len", "threads",
                       "io", "version", "help"):
            self.assertIn(f"--{option}", result.stdout)

    def test_version_names_the_stage(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        stage = under_test.binary().rsplit("leftpad-", 1)[1]
        self.assertRegex(result.stdout, rf"^leftpad \d+\.\d+\.\d+ {stage}\n$")

    def test_wrong_values_are_refused(self):
        self.refused("--prot=1", says=["--prot=1", "--help"])
        self.refused("--port=99999", says=["--port", "99999", "65535"])
        self.refused("--port=http", says=["--port", "http"])
        self.refused("--port=025577", says=["--port", "025577", "whole number"])
        self.refused("--port=-0", says=["--port", "-0", "whole number"])
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
        self.refused("--log-level=loud", says=['"loud" is not one of debug, info, off'])
        self.refused("--log-level", "", says=['"" is not one of'])
        self.refused("--io=fast", says=['--io: "fast" is not one of buffered, plain'])
        for rate in ("0x1p-1", " 0.5", "0.5 ", "inf", "", "1,0"):
            self.refused("--sample-rate", rate, says=[f'"{rate}" is not a rate'])
        self.refused("--shutdown-grace=-1", says=["--shutdown-grace", "0 to 3600"])
        for address in ("localhost", "127.0.0.1:0", "127.0.0.1:65536", ":8125", "::1:8125"):
            self.refused(f"--statsd={address}",
                         says=[f'--statsd: "{address}" is not HOST:PORT', "from 1 to 65535",
                               "127.0.0.1:8125"])
        for name in ("a:b", ".", "..", "a..b", ".a", "a.", "", "ä"):
            self.refused("--namespace", name, says=["--namespace", f'"{name}"', "letters"])
        for name in ("", "http://a", "a:80", "a/b", "[::1]"):
            self.refused("--debug-host", name,
                         says=["--debug-host", f'"{name}"', "without scheme and port"])
        for address in ("6060", "OFF", "127.0.0.1:", "127.0.0.1:x"):
            self.refused(f"--debug-addr={address}",
                         says=[f'--debug-addr: "{address}" is not HOST:PORT', ', or "off"',
                               "127.0.0.1:6060"])

    def test_rates_of_six_decimals_are_taken(self):
        for rate in ("0.000001", "0.002877", "0.999999", "5e-1", "1"):
            line = first_line("--port=0", "--debug-addr=off", f"--sample-rate={rate}")
            self.assertRegex(line, r"^listening on ", rate)

    def test_open_debug_address_needs_a_token(self):
        for host in ("0.0.0.0", "127.any.name", "127.0.0.1.example", "[::]", "localhost.example",
                     "[2001:db8::1]", "[::ffff:10.0.0.1]", "128.1", "0"):
            self.refused(f"--debug-addr={host}:6060",
                         says=[host.strip("[]"), "loopback", "--debug-token-file"])

    def test_loopback_debug_addresses_need_none(self):
        for host in ("127.0.0.1", "127.1.2.3", "127.1"):
            line = first_line("--port=0", f"--debug-addr={host}:0")
            self.assertRegex(line, rf"^profiles at http://{host}:\d+/debug/pprof/$")

    def test_localhost_needs_none(self):
        for name in ("localhost", "LOCALHOST", "localhost."):
            line = first_line("--port=0", f"--debug-addr={name}:0")
            # A bare machine may lack /etc/hosts, and the name with it.
            known = rf"^profiles at http://{name}:\d+/debug/pprof/$"
            self.assertRegex(line, known if has_address(name) else f'host "{name}" has no address')

    @unittest.skipUnless(has_ipv6(), "this machine has no [::1]")
    def test_ipv6_addresses_stand_in_brackets(self):
        self.assertRegex(first_line("--port=0", "--debug-addr=[::1]:0"),
                         r"^profiles at http://\[::1\]:\d+/debug/pprof/$")
        self.assertRegex(first_line("--port=0", "--debug-addr=[::ffff:127.0.0.1]:0"),
                         r"^profiles at http://\[::ffff:127.0.0.1\]:\d+/debug/pprof/$")
        for host in ("::1", "[::1]"):
            self.assertRegex(first_line("--port=0", f"--host={host}", "--debug-addr=off"),
                             r"^listening on http://\[::1\]:\d+$")
        self.refused("--debug-addr=::1", says=["--debug-addr", "::1", "HOST:PORT"])

    def test_unwritable_log_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--log-file=/nowhere/x.log",
                     says=["--log-file=/nowhere/x.log", "No such file", "give a file in a folder"],
                     code=1)

    def test_the_last_of_an_option_given_twice_counts(self):
        with under_test.Service("--max-len=5", "--max-len=7") as running:
            self.assertEqual(running.request("/v1/leftpad/?str=a&len=7")[0], 200)
            self.assertEqual(running.request("/v1/leftpad/?str=a&len=8")[0], 400)

    def test_fifo_without_a_reader_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            fifo = os.path.join(directory, "log")
            os.mkfifo(fifo)
            self.refused("--port=0", "--debug-addr=off", f"--log-file={fifo}",
                         says=[fifo, "FIFO that nobody reads"], code=1)

    def test_an_option_without_a_value_does_not_take_the_next_word(self):
        for option in ("--log-file=", "--host=", "--debug-token-file="):
            self.refused(option, "--port=0", "--debug-addr=off",
                         says=[f"{option}: it has no value"])

    def test_unknown_statsd_host_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--statsd=no.such.host.invalid:8125",
                     says=["no.such.host.invalid", "check the name"], code=1)

    def test_a_statsd_address_that_takes_no_packets_is_refused(self):
        self.refused("--port=0", "--debug-addr=off", "--statsd=255.255.255.255:8125",
                     says=["255.255.255.255", "Permission denied", "one server"], code=1)

    def test_port_in_use_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(f"--port={port}", "--debug-addr=off",
                         says=[str(port), "in use", "--port"], code=1)
            self.refused("--port=0", f"--debug-addr=127.0.0.1:{port}",
                         says=[str(port), "in use", "--debug-addr"], code=1)

    def test_says_when_both_ports_are_the_same(self):
        port, = under_test.free_ports(socket.SOCK_STREAM)
        host = under_test.OWN_HOST
        self.refused(f"--host={host}", f"--port={port}", f"--debug-addr={host}:{port}",
                     says=["in use", "--debug-addr has the same port"], code=1)

    def test_says_nothing_of_profiles_before_it_can_serve(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.refused(f"--port={taken.getsockname()[1]}", "--debug-addr=127.0.0.1:0",
                         says=["in use"], code=1)

    def test_an_address_that_is_not_ours_is_refused(self):
        for host in ("no.such.host.invalid", "192.0.2.1"):
            self.refused(f"--host={host}", "--port=0", "--debug-addr=off",
                         says=[host, "--host", "127.0.0.1"], code=1)

    def test_two_services_never_share_a_port(self):
        with under_test.Service() as first:
            self.refused(f"--port={first.port}", "--debug-addr=off", says=["in use"], code=1)

    def test_ctrl_c_and_sigterm_end_it_with_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with under_test.Service() as running:
                self.assertEqual(running.stop(number), 0)

    def test_logs_the_address_of_either_family_on_a_host_for_both(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this machine has no [::1]")
        with under_test.Service("--host=::") as running:
            for client in ("127.0.0.1", "::1"):
                connection = http.client.HTTPConnection(client, running.port)
                running.request("/v1/leftpad/?len=1", connection=connection)
                connection.close()
            running.stop()
            found = [re.search('ip="(.*?)"', line)[1] for line in running.log_lines()
                     if " request " in line]
            self.assertEqual(found, ["127.0.0.1", "::1"])


if __name__ == "__main__":
    under_test.main()
