"""Every kind of profile on a real, short capture under load: what it must name, what it leaves,
how it fails."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from base.paths import EXAMPLE_TARGET
from base.service import Service
from base.tests.fake_tree import descendants, eventually, has_ended, runs
from captures import BINARIES, ROOT, V1, V2, Captures, built, shares


@built
class Kinds(Captures):
    def files(self, kind):
        for ending in ("pb.gz", "svg", "folded", "flame.html", "top.txt", "about.json"):
            self.assertGreater((self.out / f"{kind}.{ending}").stat().st_size, 0, ending)

    def test_cpu_is_led_by_logging_and_metrics_in_the_stage(self):
        _, own, out = self.profile("cpu", V1)
        self.files("cpu")
        cumulative = shares(own, 5)
        logger = max(share for name, share in cumulative.items()
                     if name.startswith("service::Logger::"))
        self.assertGreater(logger, cumulative.get("service::leftpad", 0))
        self.assertGreater(cumulative["service::StatsD::send"], 0)
        self.assertRegex(
            out,
            r"(?m)^\$ build/bin/leftpad-v1-naive .*\n\$ ab .* &\n"
            r"\$ curl .*/debug/pprof/profile\?seconds=2'$"
        )
        self.assertIn("-list=service::leftpad", out)

    def test_allocs_are_led_by_leftpad_and_statsd_in_v1(self):
        _, own, _ = self.profile("allocs", V1)
        self.files("allocs")
        cumulative = shares(own, 5)
        self.assertGreater(cumulative["service::leftpad"], 20)
        self.assertGreater(cumulative["service::StatsD::send"], 20)
        self.assertGreater(
            json.loads((self.out / "allocs.about.json").read_text())["requests"], 100)

    def test_allocs_of_v2_do_not_name_statsd(self):
        _, own, _ = self.profile("allocs", V2)
        cumulative = shares(own, 5)
        self.assertNotIn("service::StatsD::send", cumulative)
        self.assertLess(cumulative["service::leftpad"], 10)

    def test_heap_shows_what_the_server_keeps(self):
        whole, own, _ = self.profile("heap", V1)
        self.files("heap")
        self.assertIn("Type: inuse_space", whole)
        self.assertRegex(own, r"service::\w+")

    def test_mutex_charges_the_loggers_lock_in_v1(self):
        _, own, _ = self.profile("mutex", V1)
        self.files("mutex")
        self.assertEqual(next(iter(shares(own))), "service::Logger::write_line")

    def test_block_charges_who_waits_for_the_logger_in_v1(self):
        _, own, _ = self.profile("block", V1)
        self.files("block")
        self.assertEqual(next(iter(shares(own))), "service::Logger::write_line")

    def test_threads_shows_the_pool(self):
        self.profile("threads", V1)
        self.files("threads")
        stacks = (self.out / "threads.folded").read_text().splitlines()
        workers = sum(
            int(stack.rpartition(" ")[2])
            for stack in stacks
            if ";service::ElasticPool::thread_main;" in stack)
        self.assertGreaterEqual(
            workers,
            8)  # one for each of ab's connections, running or idle; the debug port has its own

    def test_wall_shows_threads_that_wait_in_recv(self):
        self.profile("wall", V1)
        self.files("wall")
        self.assertRegex((self.out / "wall.folded").read_text(), r"(?m);(__)?recv\b")

    def test_trace_sums_up_requests(self):
        out, _ = self.ends("workshop", "trace", V1, "--seconds", "1", "--out", self.out)
        self.assertRegex(
            out, r"(?s)spans on \d+ threads.*request +/v1/leftpad/ +\d+.*longest spans.*perfetto")
        self.assertTrue(json.loads((self.out / "trace.json").read_text())["traceEvents"])

    def test_an_empty_profile_is_explained(self):
        _, _, out = self.profile("mutex", V1, "-c", "1")
        self.assertRegex(
            out, r"The profile is empty: no thread waited.*\nCapture for longer.*\nResult: ")
        self.assertFalse((self.out / "mutex.svg").exists())


@built
class Endings(Captures):
    def test_ctrl_c_leaves_no_process_and_no_folder(self):
        for command in (("profile", "cpu", V1, "--seconds", "60", "--out", self.out),
                        ("heaptrack", V1, "-n", "1000000", "--out", self.out)):
            with self.subTest(command[0]):
                self.assertEqual(self.interrupted(*command), (130, [], []))

    def interrupted(self, *command):
        """(exit status, processes left, temporary files left) of a command that gets Ctrl-C under
        load."""
        temp = Path(self.enterContext(tempfile.TemporaryDirectory()))
        child = self.start("workshop", *command, TMPDIR=str(temp))
        eventually(lambda: runs(child.pid, "ab"))
        running = descendants(child.pid)
        os.kill(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
        left = [pid for pid in running if not has_ended(pid, 5)]
        return child.returncode, left, list(temp.iterdir())

    def test_a_missing_tool_is_named(self):
        tools = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for program in Path("/usr/bin").iterdir():
            if program.name != "ab":
                (tools / program.name).symlink_to(program)
        _, err = self.ends("workshop", "profile", "cpu", V1, status=1, PATH=str(tools))
        self.assertRegex(err, r"^error: ab: .*apache2-utils.*make setup\n$")

    def test_a_refused_service_option_ends_the_script_with_its_message(self):
        _, err = self.ends("workshop", "profile", "cpu", V1, "--out", self.out,
                           "--", "--max-len", "frob",
                           status=1)
        self.assertRegex(err, r"error: leftpad-v1-naive: not ready.*frob")

    def test_what_does_not_capture_leaves_the_earlier_capture(self):
        for name in ("cpu.pb.gz", "cpu.svg"):
            (self.out / name).write_text("earlier")
        self.ends("workshop", "profile", "cpu", V1, "--out",
                  self.out, "--", "--max-len", "frob", status=1)
        self.assertEqual(
            self.interrupted("profile", "cpu", V1, "--seconds", "60", "--out", self.out)[0],
            130)
        self.assertEqual({path.name: path.read_text() for path in self.out.iterdir()},
                         {"cpu.pb.gz": "earlier", "cpu.svg": "earlier"})

    def test_without_the_standalone_pprof_gos_own_is_used_and_told(self):
        tree = self.out / "tree"
        shutil.copytree(ROOT / "scripts", tree / "scripts",
                        ignore=shutil.ignore_patterns("__pycache__"))
        (tree / "build").mkdir()
        (tree / "build" / "bin").symlink_to(ROOT / "build" / "bin")
        (tree / V1).symlink_to(ROOT / V1)
        done = subprocess.run([tree / "scripts/workshop", "profile", "cpu", V1, "--seconds", "2"],
                              cwd=tree,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"warning: build/tools/pprof is missing.*using go tool pprof")
        self.assertRegex(done.stdout,
                         r"(?m)^\$ go tool pprof -top .*\n(.*\n)*.* service::Logger::write_line$")
        self.assertNotIn("-disasm", done.stdout)
        # The flame graph needs nothing that is not here.
        self.assertIn("flame.html", done.stdout)


class Refusals(Captures):
    def test_wrong_command_lines_get_one_line(self):
        for status, *command in (
                (2, "profile"), (2, "profile", "frob", V1), (2, "profile", "cpu"),
                (1, "profile", "cpu", "v9-none"), (2, "profile", "cpu", V1, "--seconds", "0"),
                (2, "profile", "cpu", V1, "--seconds", "301"), (2, "profile", "cpu", V1, "--frob"),
                (2, "diff", "--kind", "trace"), (2, "diff", "a", "b", "c"),
                (1, "diff", "none.pb.gz", V1), (2, "heaptrack"), (1, "heaptrack", "v9-none"),
                (2, "heaptrack", V1, "-n", "4"), (2, "alloc-sites"), (1, "alloc-sites", "v9-none"),
        ):
            out, err = self.ends("workshop", *command, status=status)
            self.assertRegex(err, r"^error: [^\n]*\n$", command)
            self.assertEqual(out, "")

    def test_an_unknown_stage_gets_the_list_and_a_guess(self):
        _, err = self.ends("workshop", "profile", "cpu", "v1-niave", status=1)
        self.assertRegex(err, r"there are: .*v1-naive.*Did you mean v1-naive\?")


@built
class OpenLoop(unittest.TestCase):
    """build/bin/open-loop-load, which compare and load --rate run."""

    def load(self, port, *options):
        return subprocess.run([BINARIES / "open-loop-load", "127.0.0.1", str(port), EXAMPLE_TARGET,
                               *options], capture_output=True, text=True)

    def refused(self, closing):
        """What it says of a server that answers two connections before they ask, and that closes
        them, or not."""
        with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as open_:
            def refuse_two():
                for client in [open_.enter_context(listening.accept()[0]) for _ in range(2)]:
                    client.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                    if closing:
                        client.shutdown(socket.SHUT_WR)

            refusing = threading.Thread(target=refuse_two)
            refusing.start()
            # One of the connections has nothing to send for a second.
            done = self.load(listening.getsockname()[1], "--rate", "1", "--seconds", "9", "-c", "2")
            refusing.join()
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def test_a_refusal_ends_it_with_a_remedy(self):
        said = "HTTP/1.1 503 Busy; give fewer --connections, or"
        self.assertIn(f"an answer without a request: {said}", self.refused(closing=False))
        # Which of the two it meets first is left open.
        self.assertIn(f": {said}", self.refused(closing=True))

    def test_values_that_cannot_be_written_are_an_error(self):
        with Service(BINARIES / f"leftpad-{V2}", debug="off") as service:
            port = service.url.rpartition(":")[2]
            done = self.load(port, "--rate", "10", "--seconds", "0.1", "--values", "/nowhere/x")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, "--values=/nowhere/x cannot be written; give a file")


if __name__ == "__main__":
    unittest.main()
