"""Children and servers: what starts, what is said when it does not, and that nothing outlives a
command, however that ends."""
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base import children, service
from base.tests.fake_tree import SCRIPTS, eventually, has_ended

LISTENS = "echo profiles at http://127.0.0.1:2/debug/pprof/; echo listening on http://127.0.0.1:1"


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def program(self, script):
        file = self.folder / "program"
        file.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file


class Children(Programs):
    def test_nothing_outlives_a_command_that_is_killed(self):
        pids = self.folder / "pids"
        program = self.program(
            f"trap '' HUP TERM INT; sleep 60 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
        script = ("import signal; from base import children; "
                  f"children.start([{str(program)!r}]); signal.pause()")
        with subprocess.Popen([sys.executable, "-c", script], cwd=SCRIPTS) as command:
            eventually(pids.exists)
            command.kill()
        for pid in pids.read_text(encoding="utf-8").split():
            self.assertTrue(has_ended(pid), pid)

    def test_the_guard_forgets_a_child_that_has_ended(self):
        """Its number may be another's by then."""
        child = children.start(["sleep", "60"])
        with mock.patch.object(os, "write") as told:
            children.end(child)
        self.assertEqual(told.call_args.args[1], f"- {child.pid}\n".encode())
        self.assertNotIn(child, children._alive)

    def test_one_that_ignores_sigterm_is_killed(self):
        with mock.patch.object(children, "STOP_SECONDS", 0.2):
            program = self.program("trap '' TERM; echo ready; while :; do sleep 0.1; done")
            child = children.start([program],
                                   stdout=subprocess.PIPE, text=True)
            child.stdout.readline()
            self.assertEqual(children.end(child), -signal.SIGKILL)
            child.stdout.close()

    def test_what_an_ended_child_has_started_ends_with_it(self):
        child = children.start([self.program("sleep 60 & echo $!; wait")], stdout=subprocess.PIPE,
                               text=True)
        below = int(child.stdout.readline())
        self.assertEqual(children.end(child), -signal.SIGTERM)
        child.stdout.close()
        self.assertTrue(has_ended(below, 5))

    def test_run_ends_the_command_before_a_signal_goes_on(self):
        with mock.patch.object(subprocess.Popen, "communicate", side_effect=KeyboardInterrupt), \
                self.assertRaises(KeyboardInterrupt):
            children.run(["sleep", "60"], stdout=None, stderr=None)
        self.assertEqual(children._alive, [])

    def test_run_gives_status_and_both_outputs(self):
        done = children.run([self.program("echo out; echo err >&2; exit 3")])
        self.assertEqual((done.status, done.stdout, done.stderr), (3, "out\n", "err\n"))

    def test_run_ends_what_takes_too_long(self):
        with self.assertRaises(subprocess.TimeoutExpired) as caught:
            children.run([self.program("sleep 60 & sleep 60")], seconds=0.5)
        self.assertEqual(caught.exception.cmd, [str(self.folder / "program")])

    def test_a_program_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(FileNotFoundError, "/nowhere"):
            children.start(["/nowhere"])


class Servers(Programs):
    def test_says_where_it_listens_and_what_it_said(self):
        program = self.program(
            f"{LISTENS}; trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done")
        with service.Service(program) as running:
            self.assertEqual((running.url, running.port, running.debug_url),
                             ("http://127.0.0.1:1", 1, "http://127.0.0.1:2"))
            self.assertEqual(running.pid, running.process.pid)
            running.must_stop()
            self.assertIn("bye", running.said())
        self.assertTrue(has_ended(running.process.pid))
        self.assertFalse(os.path.exists(running.directory.name))

    def test_a_wrong_end_is_told(self):
        program = self.program(f"{LISTENS}; trap 'echo oh no; exit 3' TERM; "
                               "while :; do sleep 0.02; done")
        with service.Service(program) as running:
            with self.assertRaisesRegex(service.Broken, "exit status 3 .*oh no"):
                running.must_stop()

    def test_one_that_ends_early_is_told_with_its_words(self):
        with self.assertRaisesRegex(service.Broken, "not ready before .*status 1; .*no port.*hand"):
            with service.Service(self.program("echo no port >&2; exit 1")):
                pass

    def test_one_that_hangs_before_it_listens_is_killed(self):
        with mock.patch.object(service.Service, "start_seconds", 0.3), \
                self.assertRaises(service.Broken):
            running = service.Service(self.program("trap '' TERM; while :; do sleep 0.1; done"))
            with running:
                pass
        self.assertTrue(has_ended(running.process.pid))

    def test_behind_a_tracer_the_service_gets_the_signal(self):
        server = self.folder / "server"
        server.symlink_to(sys.executable)
        code = ("import os, signal, sys; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); "
                f"os.system('{LISTENS}'); [signal.pause() for _ in iter(int, 1)]")
        tracer = self.program(  # heaptrack starts its reader first
            'trap "exit 9" TERM; sleep 60 & reader=$!; "$@" & wait $!; kill $reader; echo traced')
        with service.Server([server, "-c", code], before=[tracer]) as running:
            self.assertNotEqual(running.pid, running.process.pid)
            self.assertEqual(running.stop(), 0)
            self.assertIn("traced", running.said())


if __name__ == "__main__":
    unittest.main()
