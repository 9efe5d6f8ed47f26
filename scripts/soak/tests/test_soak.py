"""`make soak`: what a stopped one leaves behind, and what is told of a service that crashes."""
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base.paths import ROOT
from base.tests.fake_tree import SCRIPTS, WAIT_SECONDS, descendants, eventually, has_ended, runs
from soak import cli

SERVICE = ROOT / "build" / "bin" / "leftpad-v2-optimized"


@unittest.skipUnless(SERVICE.exists(), "make build has not run")
class Stopped(unittest.TestCase):
    def test_a_signal_leaves_no_process_and_no_folder(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                self.stop_by(number)

    def stop_by(self, number):
        """A soak under load gets the signal."""
        temp = Path(self.enterContext(tempfile.TemporaryDirectory()))
        child = subprocess.Popen([SCRIPTS / "workshop", "soak", "v2-optimized", "--seconds", "60"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temp)})
        eventually(lambda: runs(child.pid, "ab"))
        started = descendants(child.pid)
        child.send_signal(number)
        self.assertEqual(child.wait(WAIT_SECONDS), 128 + number)
        self.assertEqual([pid for pid in started if not has_ended(pid)], [])
        self.assertEqual(list(temp.iterdir()), [])


class Crashed(unittest.TestCase):
    def test_a_service_that_ends_by_itself_is_the_first_of_the_findings(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        program = Path(folder, "program")
        program.write_text("#!/bin/sh\necho listening on http://127.0.0.1:1\necho oh no\n"
                           "kill -SEGV $$\n", encoding="utf-8")
        program.chmod(0o755)
        with mock.patch.object(cli, "load", lambda world, *_: world.complain("wrong answer")):
            found = cli.soak(program, 1)
        self.assertRegex(found[0], "ended by itself, killed by SIGSEGV; .*oh no")
        self.assertEqual(found[1:], ["wrong answer"])


if __name__ == "__main__":
    unittest.main()
